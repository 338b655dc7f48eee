/** An allocator with its options, as named on the command line: `first-fit:order=size-up`. */

import { UserError } from '../errors.js';
import type { Settings } from '../metrics/comparison.js';
import { suggestion, unknownName } from '../text/nearest.js';
import { ALLOCATORS, type AllocatorKind } from './allocators.js';
import type { Arena, Mover } from './arena.js';
import type { ReadOption } from './options.js';
import { isOutOfMemory } from './shortage.js';
import { writtenRight } from './written-otherwise.js';

/** One of the allocators to compare. A thread is sent the text of it and parses that: functions cannot be sent. */
export interface Contender {
  readonly kind: AllocatorKind;
  /** As written: `first-fit:order=size-up`. */
  readonly spec: string;
  /** The options given, by name. */
  readonly given: ReadonlyMap<string, string>;
}

/** Every allocator for recordings in that format with its defaults, in the order of the table. */
export function defaultContenders(format: string): Contender[] {
  return ALLOCATORS.filter(({ formats }) => formats?.includes(format) ?? true).map((kind) => ({
    kind,
    spec: kind.id,
    given: new Map(),
  }));
}

/**
 * Reads `first-fit:order=size-up:coalesce=off`.
 * @throws UserError naming what is unknown or not allowed, and what there is instead
 */
export function parseContender(spec: string, kinds = ALLOCATORS): Contender {
  return parseWritten(spec, kinds, () => readContender(spec, kinds));
}

/**
 * Reads `buddy:unit=64,tlsf`.
 * @throws UserError as `parseContender` does
 */
export function parseContenders(list: string, kinds = ALLOCATORS): Contender[] {
  const specs = list.split(',').map((spec) => spec.trim());
  return parseWritten(list, kinds, () => {
    // Of an option that the allocator before it does not have, or not so, its error tells more.
    const stray = specs.findIndex(isSetting);
    if (stray > 0) {
      const next = specs.findIndex((spec, i) => i > stray && !isSetting(spec));
      readContender(specs.slice(stray - 1, next < 0 ? specs.length : next).join(':'), kinds);
    }
    return specs.map((spec) => readContender(spec, kinds));
  });
}

/** `unit=16`, without an allocator before it. */
function isSetting(spec: string): boolean {
  return /^[^:]+=/.test(spec);
}

/** What is not written as it must be is answered with how it must. */
function parseWritten<T>(text: string, kinds: readonly AllocatorKind[], read: () => T): T {
  try {
    return read();
  } catch (error) {
    const right = error instanceof UserError ? writtenRight(text, kinds) : null;
    if (right === null) throw error;
    throw new UserError(
      `'${text}' is not a list of allocators; did you mean ${right}? Allocators are separated by commas, their options follow colons`,
    );
  }
}

function readContender(spec: string, kinds: readonly AllocatorKind[]): Contender {
  const [id = '', ...settings] = spec.split(':');
  const kind = kinds.find((each) => each.id === id);
  if (kind === undefined) {
    if (isSetting(spec)) throw new UserError(withoutAllocator(spec, kinds));
    const known = kinds.map((each) => each.id);
    throw new UserError(unknownName('allocator', id, known));
  }
  const given = new Map<string, string>();
  for (const setting of settings) {
    const [name = '', value] = splitOnce(setting, '=');
    const option = kind.options.find((each) => each.name === name);
    if (option === undefined) {
      const known = kind.options.map((each) => each.name);
      throw new UserError(`${kind.id} has no option '${name}' (in '${spec}')${suggestion(name, known)}`);
    }
    if (given.has(name)) throw new UserError(`option '${name}' is given twice in '${spec}'`);
    if (value === undefined || option.parse(value) === undefined) {
      throw new UserError(
        `${kind.id}: option '${name}' is '${value ?? ''}' (in '${spec}'); allowed: ${option.allowed}`,
      );
    }
    given.set(name, value);
  }
  return { kind, spec, given };
}

function withoutAllocator(setting: string, kinds: readonly AllocatorKind[]): string {
  const [name] = splitOnce(setting, '=');
  const takers = kinds.filter(({ options }) => options.some((option) => option.name === name));
  const missing = `'${setting}' is not an allocator`;
  if (takers.length === 0) return `${missing}; known: ${kinds.map(({ id }) => id).join(', ')}`;
  return `${missing}; an option follows its allocator and a colon, such as ${takers[0]!.id}:${setting}`;
}

/** What an option of the contender is, given or default. */
export function optionReader({ given }: Contender, settings: Settings): ReadOption {
  return (option) => option.parse(given.get(option.name) ?? option.otherwise(settings))!;
}

/** All options of the contender as they are in force. */
export function optionsInForce({ kind, given }: Contender, settings: Settings): Record<string, string> {
  return Object.fromEntries(
    kind.options.map((option) => [option.name, given.get(option.name) ?? option.otherwise(settings)]),
  );
}

/**
 * A fresh arena.
 * @throws UserError where the allocator refuses its options or the capacity; what V8 throws where there is no memory for it
 */
export function makeArena(contender: Contender, settings: Settings, mover?: Mover): Arena {
  try {
    return contender.kind.make(optionReader(contender, settings), settings, mover);
  } catch (error) {
    if (error instanceof RangeError && !isOutOfMemory(error)) {
      throw new UserError(`${contender.spec}: ${error.message}`);
    }
    throw error;
  }
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
