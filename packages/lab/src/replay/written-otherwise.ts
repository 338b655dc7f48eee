/**
 * A list of allocators that is not written as it must be, such as `buddy,unit=16` or `first-fit header=8; tlsf`: what it
 * may be meant for. All marks count alike; allocators, options and values are known by their words.
 */
import type { AllocatorKind } from './allocators.js';
import type { AllocatorOption } from './options.js';

/** Whatever may stand between two words. `.` may stand in a size, `-` in a name. */
const MARKS = /[\s,;:=+/&|()[\]{}]+/;

/**
 * The list as it must be written: `buddy:unit=16`; `first-fit:header=8,tlsf`.
 * @returns null where a word is none of an allocator, of an option of the one before, or of a value that it allows; where
 *   one is given twice; and where the list is right already
 */
export function writtenRight(text: string, kinds: readonly AllocatorKind[]): string | null {
  const words = text.split(MARKS).map((word) => word.replace(/^-+/, ''));
  const specs: string[] = [];
  let kind: AllocatorKind | undefined;
  const given = new Set<string>();
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === '') continue;
    const named = kinds.find(({ id }) => id === word.toLowerCase());
    if (named !== undefined) {
      kind = named;
      given.clear();
      specs.push(named.id);
      continue;
    }
    if (kind === undefined) return null;
    const option = optionNamed(kind, word);
    const setting = option === undefined ? settingOf(kind, word) : settingWith(option, words[++i]);
    if (setting === undefined || given.has(setting.name)) return null;
    given.add(setting.name);
    specs.push(`${specs.pop()}:${setting.name}=${setting.value}`);
  }
  if (new Set(specs).size < specs.length) return null;
  const right = specs.join(',');
  return right === '' || right === text ? null : right;
}

function optionNamed({ options }: AllocatorKind, word: string): AllocatorOption<unknown> | undefined {
  return options.find(({ name }) => name === word.toLowerCase());
}

interface Setting {
  readonly name: string;
  readonly value: string;
}

function settingWith(
  { name, parse }: AllocatorOption<unknown>,
  value: string | undefined,
): Setting | undefined {
  return value === undefined || parse(value) === undefined ? undefined : { name, value };
}

/** A value without the name of its option, where only one option takes it: `size-up` is an order. */
function settingOf({ options }: AllocatorKind, value: string): Setting | undefined {
  const takers = options.filter(({ parse }) => parse(value) !== undefined);
  return takers.length === 1 ? settingWith(takers[0]!, value) : undefined;
}
