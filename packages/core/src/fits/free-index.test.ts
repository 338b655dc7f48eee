import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorruptionError } from '../allocator.js';
import { FreeIndex, type IndexOrder } from './free-index.js';
import { FIRST, NIL, SegmentTable } from './segment-table.js';

interface Entry {
  readonly segment: number;
  readonly size: number;
  readonly rank: number;
}

/** A sorted array that does what the index does. The table's segments only lend their numbers. */
class Twin {
  readonly index: FreeIndex;
  readonly numbers: number[] = [FIRST];
  readonly entries: Entry[] = [];
  private readonly table = new SegmentTable(0, 2 ** 40);
  private readonly order: IndexOrder;

  constructor(order: IndexOrder) {
    this.index = new FreeIndex(this.table, order);
    this.order = order;
  }

  /** A number of a segment that is not in the index. */
  unused(): number {
    const number = this.numbers.pop()!;
    if (this.numbers.length === 0) this.numbers.push(this.table.split(number, 1));
    return number;
  }

  insert(entry: Entry): void {
    this.index.insert(entry.segment, entry.size, entry.rank);
    this.put(entry);
  }

  remove(at: number): void {
    const [entry] = this.entries.splice(at, 1);
    this.index.remove(entry.segment);
    this.numbers.push(entry.segment);
  }

  replace(at: number, by: Entry): void {
    const [entry] = this.entries.splice(at, 1);
    this.index.replace(entry.segment, by.segment, by.size, by.rank);
    if (by.segment !== entry.segment) this.numbers.push(entry.segment);
    this.put(by);
  }

  private put(entry: Entry): void {
    const { entries } = this;
    const sign = this.order === 'rank' ? 0 : this.order === 'size-up' ? 1 : -1;
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = entries[middle];
      if ((sign * (other.size - entry.size) || other.rank - entry.rank) < 0) low = middle + 1;
      else high = middle;
    }
    entries.splice(low, 0, entry);
  }

  /** Holds the answers to a few questions against the array. */
  ask(size: number, at: number): void {
    const { entries, index } = this;
    const fit = (from: number) => entries.slice(from).find((entry) => entry.size >= size)?.segment ?? NIL;
    expect(index.size).toBe(entries.length);
    expect(index.largest()).toBe(entries.reduce((largest, entry) => Math.max(largest, entry.size), 0));
    expect(index.firstFit(size)).toBe(fit(0));
    if (entries.length === 0) return;
    const { segment, rank } = entries[at];
    expect(index.fitFrom(segment, size)).toBe(fit(at));
    expect(index.fitAfter(segment, size)).toBe(fit(at + 1));
    expect(index.after(segment)).toBe(entries[at + 1]?.segment ?? NIL);
    expect(index.rankOf(segment)).toBe(rank);
  }

  verify(): void {
    expect([...this.index]).toEqual(this.entries.map(({ segment }) => segment));
    const sizes = new Map(this.entries.map(({ segment, size }) => [segment, size]));
    this.index.check((segment) => sizes.get(segment)!);
  }
}

describe.each<IndexOrder>(['rank', 'size-up', 'size-down'])('FreeIndex, order %s', (order) => {
  it('is empty at first', () => {
    const twin = new Twin(order);
    twin.ask(1, 0);
    twin.verify();
  });

  it('does what a sorted array does', () => {
    const call = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ call: fc.constant('insert' as const), run: fc.nat(60), at: fc.nat() }),
      },
      {
        weight: 4,
        arbitrary: fc.record({ call: fc.constant('remove' as const), run: fc.nat(60), at: fc.nat() }),
      },
      {
        weight: 2,
        arbitrary: fc.record({ call: fc.constant('replace' as const), run: fc.nat(20), at: fc.nat() }),
      },
    );
    const sizes = fc.constantFrom(1, 2, 8, 1000);
    fc.assert(
      fc.property(
        fc.array(call, { maxLength: 40, size: 'max' }),
        sizes,
        fc.boolean(),
        (calls, most, near) => {
          const twin = new Twin(order);
          const { entries } = twin;
          let unique = 0;
          for (const { call, run, at } of calls) {
            for (let i = 0; i < run; i++) {
              // Ranks of their own: spread over the whole range, or in a run beside the one before.
              const rank = near
                ? at + i / 64 + ++unique / 2 ** 20
                : (((at + i) * 7919) % 2 ** 20) + ++unique / 2 ** 20;
              const size = 1 + ((at + i * 31) % most);
              if (call === 'insert' || entries.length === 0)
                twin.insert({ segment: twin.unused(), size, rank });
              else {
                const which = (near ? at : at + i * 17) % entries.length;
                if (call === 'remove') twin.remove(which);
                else
                  twin.replace(which, {
                    segment: i % 2 ? twin.unused() : entries[which].segment,
                    size,
                    rank,
                  });
              }
            }
            twin.ask(1 + (at % (most + 1)), entries.length === 0 ? 0 : at % entries.length);
            twin.verify();
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it.each<[string, (i: number, n: number) => number]>([
    ['from the front', (i) => i],
    ['from the back', (i, n) => n - i],
    ['from the middle', (i, n) => (i % 2 ? n + i : n - i)],
  ])('grows to several levels and shrinks to nothing, %s', (_where, rankOf) => {
    const twin = new Twin(order);
    const n = 4000;
    const fill = () => {
      for (let i = 0; i < n; i++) {
        twin.insert({ segment: twin.unused(), size: 1 + ((i * 37) % 500), rank: rankOf(i, n) });
        if (i % 500 === 0) twin.verify();
      }
      twin.verify();
    };
    fill();
    const { bytes } = twin.index;
    for (let i = 0; i < n; i++) {
      twin.ask(1 + (i % 510), (i * 13) % twin.entries.length);
      twin.remove(i % 3 === 0 ? 0 : i % 3 === 1 ? twin.entries.length - 1 : twin.entries.length >> 1);
      if (i % 500 === 0) twin.verify();
    }
    twin.verify();
    fill();
    expect(twin.index.bytes).toBe(bytes);
  });

  it('replaces in place where the order allows, at every place of a page', () => {
    const twin = new Twin(order);
    for (let i = 0; i < 300; i++) twin.insert({ segment: twin.unused(), size: 10 + 10 * i, rank: 10 * i });
    for (let i = 0; i < 300; i++) {
      for (const by of [-4, 9, -5, 3]) {
        const { segment, size, rank } = twin.entries[i];
        twin.replace(i, { segment, size: size + by, rank: rank + by });
        twin.ask(size, i);
      }
      twin.verify();
    }
  });

  it('counts the pages that a search looks at', () => {
    const twin = new Twin(order);
    for (let i = 0; i < 1000; i++) twin.insert({ segment: twin.unused(), size: 1 + i, rank: i });
    twin.index.visited = 0;
    expect(twin.index.firstFit(900)).not.toBe(NIL);
    expect(twin.index.visited).toBeGreaterThan(0);
    expect(twin.index.visited).toBeLessThan(10);
  });
});

describe('check() names the law that is broken', () => {
  const filled = (order: IndexOrder = 'rank') => {
    const table = new SegmentTable(0, 2 ** 20);
    const index = new FreeIndex(table, order);
    let segment: number = FIRST;
    for (let i = 0; i < 200; i++) {
      index.insert(segment, 16, i);
      segment = table.split(segment, 16);
    }
    return { table, index };
  };
  const broken = (check: () => void) => {
    try {
      check();
    } catch (error) {
      return error instanceof CorruptionError ? error.law : error;
    }
    return 'none';
  };

  it('where a segment was sent to another page', () => {
    const { table, index } = filled();
    table.setBack(199, 0);
    expect(broken(() => index.check(() => 16))).toBe('a segment knows its page');
  });

  it('where a size differs', () => {
    const { index } = filled();
    expect(broken(() => index.check((segment) => (segment === 100 ? 15 : 16)))).toBe(
      'an entry has the size of its segment',
    );
  });

  it('where entries are miscounted', () => {
    const { index } = filled();
    index.size++;
    expect(broken(() => index.check(() => 16))).toBe('the index counts its entries');
  });

  it('where two entries have one key', () => {
    const { table, index } = filled('size-up');
    const twice = table.split(table.last, 16);
    index.insert(twice, 16, 50);
    expect(broken(() => index.check(() => 16))).toBe('entries rise from page to page');
  });
});
