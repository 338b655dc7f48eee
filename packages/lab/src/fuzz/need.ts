/**
 * What a request needs of an arena by the options that this was made with: with what is a refusal a fault, and with what
 * is it right? Reckoned from the options' meaning, and not by asking the allocator, which may be broken.
 */
import { lowestBit } from 'freehold';
import type { Settings } from '../metrics/comparison.js';
import { type Contender, optionReader } from '../replay/contender.js';

export interface Need {
  /** Bytes of the range that the block takes; Infinity where the options admit no such block. */
  readonly bytes: number;
  /** Places where it may lie are so many bytes apart at most. */
  readonly apart: number;
  /** The arena, where it grows, grows by multiples of this many bytes, to `capacityMax` at most. */
  readonly growBy: number;
  readonly capacityMax: number;
}

/** Blocks and units are numbered up to this. */
const UNITS_MAX = 2 ** 30;
/** Of the heap: addresses of 32 bits, pages of WebAssembly. */
const HEAP_MAX = 2 ** 32;
const PAGE = 65536;

/** @param align what is asked for; the arena's own alignment counts as well */
export function needOf(contender: Contender, settings: Settings, size: number, align: number): Need {
  const { kind } = contender;
  const read = optionReader(contender, settings);
  const given = (name: string): number | undefined => {
    const option = kind.options.find((each) => each.name === name);
    return option === undefined ? undefined : Number(read(option));
  };
  const granule = kind.granule(read);
  const growBy = roundUp(given('grow-by') ?? PAGE, granule);
  const places = Math.max(align, settings.align, given('align') ?? 1);
  const orders = given('orders');
  if (orders !== undefined) {
    const block = granule * 2 ** Math.max(0, Math.ceil(Math.log2(size / granule)));
    const bytes = block <= granule * 2 ** (orders - 1) ? block : Number.POSITIVE_INFINITY;
    return { bytes, apart: Math.max(places, block), growBy, capacityMax: most(granule) };
  }
  if (kind.id === 'blocks') {
    // Block after block is aligned only once in a common multiple.
    const apart = granule * (places / Math.min(places, lowestBit(granule)));
    return { bytes: roundUp(size, granule), apart, growBy, capacityMax: most(granule) };
  }
  const capacityMax = given('grow-by') === undefined ? HEAP_MAX : Number.MAX_SAFE_INTEGER;
  return { bytes: roundUp(size + (given('header') ?? 0), granule), apart: places, growBy, capacityMax };
}

function most(granule: number): number {
  return Math.min(Number.MAX_SAFE_INTEGER, UNITS_MAX * granule);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}
