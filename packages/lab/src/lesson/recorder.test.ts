import fc from 'fast-check';
import { Buddy, NaiveAllocator } from 'freehold';
import { describe, expect, it } from 'vitest';
import { Recorder } from './recorder.js';

const MAKERS = {
  naive: (observer: Recorder) => new NaiveAllocator({ capacity: 4096, fit: 'best', observer }),
  buddy: (observer: Recorder) => new Buddy({ capacity: 4096, unit: 16, observer }),
};

describe.each(Object.entries(MAKERS))('%s', (_name, make) => {
  it('what the events draw is what the allocator has', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 900 }), { maxLength: 60 }), (numbers) => {
        const recorder = new Recorder(0, 4096);
        const allocator = make(recorder);
        const live: number[] = [];
        for (const number of numbers) {
          // Odd numbers are requests, even ones releases.
          if (number % 2 === 1) {
            const address = allocator.allocate(number);
            if (address !== null) live.push(address);
          } else if (live.length > 0) {
            allocator.free(live.splice(number % live.length, 1)[0]!);
          }
          const drawn = recorder.moments().at(-1)?.segments;
          if (drawn === undefined) continue;
          expect(drawn.map(({ start, end, used }) => ({ start, end, used }))).toEqual(
            [...allocator.segments()].map(({ start, end, used }) => ({ start, end, used })),
          );
        }
      }),
    );
  });
});

it('keeps each event with what memory looked like after it, once', () => {
  const recorder = new Recorder(0, 256);
  const allocator = new Buddy({ capacity: 256, unit: 64, observer: recorder });
  allocator.allocate(50);
  expect(recorder.moments().map(({ event, segments }) => [event.what, segments.length])).toEqual([
    ['inspect', 1],
    ['split', 2],
    ['split', 3],
    ['take', 3],
  ]);
  expect(recorder.moments()).toEqual([]);
});
