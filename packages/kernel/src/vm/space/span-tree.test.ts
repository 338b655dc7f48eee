import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PAGE_OFFSET } from '../../frames/page-allocator.js';
import { NO_GAP, Span, SpanTree } from './span-tree.js';

class GuardedSpan extends Span {
  guard = 0;
  override get guardBytes(): number {
    return this.guard;
  }
}

function makeSpans() {
  const words = new Float64Array(2000);
  let used = 0;
  return (start: number, end: number, guard = 0) => {
    const span = new GuardedSpan(words, PAGE_OFFSET + 16 * used++);
    span.start = start;
    span.end = end;
    span.guard = guard;
    return span;
  };
}

describe('the tree of areas', () => {
  it('finds areas by address, the last one without a search', () => {
    const make = makeSpans();
    const tree = new SpanTree<GuardedSpan>();
    expect(tree.find(0)).toBeNull();
    const spans = [10, 20, 30].map((start) => make(start, start + 5));
    for (const span of [spans[1], spans[0], spans[2]]) tree.insert(span);
    expect([0, 10, 14, 15, 24, 25, 34].map((address) => tree.find(address))).toEqual([
      spans[0],
      spans[0],
      spans[0],
      spans[1],
      spans[1],
      spans[2],
      spans[2],
    ]);
    expect(tree.find(35)).toBeNull();
    expect([tree.finds, tree.cacheHits]).toEqual([9, 4]);
    expect([tree.below(10), tree.below(11), tree.below(100)]).toEqual([null, spans[0], spans[2]]);
  });

  it('agrees with a sorted array under random calls, gaps and guards included', () => {
    const call = fc.record({
      kind: fc.constantFrom('insert', 'insert', 'remove', 'resize', 'gap'),
      at: fc.nat(300),
      size: fc.integer({ min: 1, max: 20 }),
      guard: fc.constantFrom(0, 0, 0, 7),
      low: fc.nat(150),
    });
    fc.assert(
      fc.property(fc.array(call, { maxLength: 120, size: 'max' }), (calls) => {
        const make = makeSpans();
        const tree = new SpanTree<GuardedSpan>();
        const model: GuardedSpan[] = [];
        const end = (i: number) => (i < 0 ? 0 : model[i].end);
        const start = (i: number) => (i === model.length ? 400 : model[i].start);
        for (const { kind, at, size, guard, low } of calls) {
          const i = model.findIndex((span) => span.end > at);
          const place = i < 0 ? model.length : i;
          if (kind === 'insert') {
            if (at < end(place - 1) || at + size > start(place)) continue;
            const span = make(at, at + size, guard);
            tree.insert(span);
            model.splice(place, 0, span);
          } else if (kind === 'remove' && place < model.length) {
            tree.remove(model.splice(place, 1)[0]);
          } else if (kind === 'resize' && place < model.length) {
            tree.resize(model[place], end(place - 1), Math.max(end(place - 1) + 1, start(place + 1) - size));
          } else if (kind === 'gap') {
            const high = low + 100;
            // Every place that is free, one by one.
            const free: number[] = [];
            for (let s = low; s + size <= high; s++) {
              const next = model.findIndex((span) => span.end > s);
              const above = next < 0 ? undefined : model[next];
              if (above === undefined || (above.start >= s && above.start - above.guard >= s + size))
                free.push(s);
            }
            expect(tree.lowestGap(size, low, high)).toBe(free[0] ?? NO_GAP);
            expect(tree.highestGap(size, low, high)).toBe(free.at(-1) ?? NO_GAP);
          }
          tree.check();
          expect([...tree]).toEqual(model);
        }
      }),
      { numRuns: 150 },
    );
  });
});
