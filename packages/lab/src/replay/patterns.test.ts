import { describe, expect, it } from 'vitest';
import {
  copy,
  eachStretch,
  fill,
  mismatch,
  type PagedBytes,
  patternWord,
  SparseBytes,
  WholeBytes,
} from './patterns.js';

const word = patternWord(123_456);

/** Pages of 16 bytes, so that small blocks cross several. */
class TinyPages implements PagedBytes {
  readonly pageBytes = 16;
  readonly pages = new Map<number, Uint8Array>();
  page(index: number): Uint8Array {
    const page = this.pages.get(index) ?? new Uint8Array(16);
    this.pages.set(index, page);
    return page;
  }
  has(index: number): boolean {
    return this.pages.has(index);
  }
}

function byteAt(bytes: PagedBytes, address: number): { value: number; set(value: number): void } {
  const index = Math.floor(address / bytes.pageBytes);
  const page = bytes.page(index);
  const at = address - index * bytes.pageBytes;
  return {
    value: page[at]!,
    set(value) {
      page[at] = value;
    },
  };
}

function wholeBuffer(): PagedBytes {
  const buffer = new Uint8Array(4096);
  return new WholeBytes(() => buffer);
}

describe('patterns', () => {
  it('differ from block to block and have no zero byte', () => {
    const seen = new Set<string>();
    for (const n of [0, 1, 254, 255, 256, 65_024, 65_025, 16_581_375, 2 ** 31]) {
      const bytes = patternWord(n);
      expect(bytes).not.toContain(0);
      seen.add(bytes.join());
    }
    expect(seen.size).toBe(9);
  });

  const memories: [string, () => PagedBytes][] = [
    ['pages of 16 bytes', () => new TinyPages()],
    ['pages of a mebibyte', () => new SparseBytes()],
    ['one buffer', wholeBuffer],
  ];

  it.each(memories)('every changed byte of every block is found: %s', (_name, make) => {
    const bytes = make();
    for (const start of [0, 1, 5, 15, 16, 31]) {
      for (const length of [1, 2, 3, 4, 5, 7, 8, 15, 16, 17, 33, 130, 300]) {
        fill(bytes, start, length, word);
        expect(mismatch(bytes, start, length, word)).toBe(-1);
        for (let i = 0; i < length; i++) {
          const byte = byteAt(bytes, start + i);
          byte.set(byte.value ^ 1);
          expect(mismatch(bytes, start, length, word), `byte ${i} of ${length} at ${start}`).toBe(i);
          byteAt(bytes, start + i).set(byte.value);
        }
        expect(mismatch(bytes, start, length, patternWord(7))).toBe(0);
      }
    }
  });

  it('fill writes nothing beside the block', () => {
    const bytes = new TinyPages();
    fill(bytes, 13, 37, word);
    expect(byteAt(bytes, 12).value).toBe(0);
    expect(byteAt(bytes, 13).value).toBe(word[0]);
    expect(byteAt(bytes, 49).value).toBe(word[36 % 4]);
    expect(byteAt(bytes, 50).value).toBe(0);
  });

  it('crosses from page to page of a range above 4 GiB', () => {
    const bytes = new SparseBytes();
    const start = 5 * 2 ** 30 - 1003;
    fill(bytes, start, 2_500_000, word);
    expect(mismatch(bytes, start, 2_500_000, word)).toBe(-1);
    byteAt(bytes, start + 2_400_001).set(0);
    expect(mismatch(bytes, start, 2_500_000, word)).toBe(2_400_001);
  });

  it('copies with any phase', () => {
    for (const [from, to] of [
      [0, 100],
      [3, 66],
      [97, 7],
    ] as const) {
      const bytes = new TinyPages();
      fill(bytes, from, 45, word);
      copy(bytes, from, to, 45);
      expect(mismatch(bytes, to, 45, word)).toBe(-1);
      expect(mismatch(bytes, from, 45, word)).toBe(-1);
      expect(byteAt(bytes, to + 45).value).toBe(0);
    }
  });

  it('a block of terabytes bears its pattern from its first byte to its last, in a few places', () => {
    for (const size of [2 ** 26 + 1, 5e12 + 3]) {
      const stretches: [number, number][] = [];
      eachStretch(size, (offset, length) => {
        stretches.push([offset, length]);
        return true;
      });
      expect(stretches).toHaveLength(64);
      expect(stretches[0]).toEqual([0, 2 ** 20]);
      expect(stretches.at(-1)![0] + stretches.at(-1)![1]).toBe(size);
      for (const [offset] of stretches) expect(offset % 4).toBe(0);
    }
    const whole: number[] = [];
    eachStretch(2 ** 26, (offset, length) => whole.push(offset, length) > 0);
    expect(whole).toEqual([0, 2 ** 26]);
  });

  it('copies of vast blocks pass over what nobody wrote to', () => {
    const bytes = new SparseBytes();
    fill(bytes, 4e12, 100, word);
    copy(bytes, 0, 2 ** 43, 5e12);
    expect(mismatch(bytes, 2 ** 43 + 4e12, 100, word)).toBe(-1);
    expect(bytes.has(2 ** 23)).toBe(false);
  });

  it('memory spent: an error that says how much there was', () => {
    const bytes = new SparseBytes(3 * 2 ** 20);
    fill(bytes, 0, 3 * 2 ** 20, word);
    expect(() => fill(bytes, 2 ** 30, 1, word)).toThrow(
      'its blocks need more than the 3 MiB of memory available: replay without --verify, or on a machine with more memory',
    );
  });
});
