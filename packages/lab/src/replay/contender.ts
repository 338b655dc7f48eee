/** An allocator with its options, as named on the command line: `first-fit:order=size-up`. */

import { UserError } from '../errors.js';
import type { Settings } from '../metrics/comparison.js';
import { suggestion, unknownName } from '../text/nearest.js';
import { ALLOCATORS, type AllocatorKind } from './allocators.js';
import type { Arena, Mover } from './arena.js';
import type { ReadOption } from './options.js';
import { isOutOfMemory } from './shortage.js';

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
export function parseContender(spec: string): Contender {
  const [id, ...settings] = spec.split(':');
  const kind = ALLOCATORS.find((each) => each.id === id);
  if (kind === undefined) {
    const known = ALLOCATORS.map((each) => each.id);
    throw new UserError(unknownName('allocator', id ?? '', known));
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
