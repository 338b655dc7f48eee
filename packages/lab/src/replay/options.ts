/** The options that an allocator takes after its name, `first-fit:order=size-up:coalesce=off`: what each allows, and its default. */
import { parseSize } from '../text/sizes.js';

/** What holds for every allocator of a run. */
export interface Settings {
  /** Every address is a multiple of this, a power of two. */
  readonly align: number;
  /** Bytes of the arena; null: it grows on demand. */
  readonly capacity: number | null;
}

export interface Option<T> {
  readonly name: string;
  /** In words, for help and errors. */
  readonly allowed: string;
  /** The text in force where the option is not given. */
  otherwise(settings: Settings): string;
  /** Undefined where the text is none of those allowed. */
  parse(text: string): T | undefined;
}

/** The value of an option, given or default. */
export type Read = <T>(option: Option<T>) => T;

export function oneOf<T extends string>(name: string, values: readonly T[], otherwise: T): Option<T> {
  return {
    name,
    allowed: values.join(', '),
    otherwise: () => otherwise,
    parse: (text) => values.find((value) => value === text),
  };
}

export function onOff(name: string, otherwise: boolean): Option<boolean> {
  return {
    name,
    allowed: 'on, off',
    otherwise: () => (otherwise ? 'on' : 'off'),
    parse: (text) => (text === 'on' ? true : text === 'off' ? false : undefined),
  };
}

/** Bytes from `least` up, written as sizes are: `64`, `4KiB`. */
export function bytes(
  name: string,
  least: number,
  otherwise: (settings: Settings) => number,
): Option<number> {
  return {
    name,
    allowed: `a size from ${least} up, such as ${least <= 64 ? '64 or 4KiB' : '4KiB or 1MiB'}`,
    otherwise: (settings) => String(otherwise(settings)),
    parse: (text) => parseBytes(text, (value) => value >= least),
  };
}

export function powerOfTwoBytes(name: string, otherwise: (settings: Settings) => number): Option<number> {
  return {
    name,
    allowed: 'a power of two, such as 64 or 4KiB',
    otherwise: (settings) => String(otherwise(settings)),
    parse: (text) => parseBytes(text, (value) => Number.isInteger(Math.log2(value))),
  };
}

/** From `least` to `most`, which is the default. */
export function wholeNumber(name: string, least: number, most: number): Option<number> {
  return {
    name,
    allowed: `a whole number from ${least} to ${most}`,
    otherwise: () => String(most),
    parse(text) {
      const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
      return value >= least && value <= most ? value : undefined;
    },
  };
}

/** Undefined where the text is no size, or not a good one. */
function parseBytes(text: string, good: (value: number) => boolean): number | undefined {
  const value = text === '0' ? 0 : parseSize(text);
  return value !== null && good(value) ? value : undefined;
}
