/** Internal fragmentation: what a request leaves unused of the blocks it was given. */
import { Blocks } from 'freehold';
import { type Call, callsOf } from './calls.js';
import type { Example } from './example.js';
import { count, type Pen, type Stretch, size } from './pen.js';
import { neverServed } from './sentences.js';

const k = 1024;
const BLOCK = 4 * k;
const COUNT = 8;
/** Blocks in use at first. */
const IN_USE = [0, 2, 3, 6];
const CALLS = callsOf('2.5k 9k 6k');

export const blocks: Example = {
  name: 'blocks',
  title: 'Internal fragmentation, in equal blocks',
  calls: { shown: CALLS, memory: COUNT * BLOCK },
  opening: () => [
    'Memory is often split up into equal blocks, or pages. A request gets whole blocks. The part of the last block that it does not need is wasted: internal fragmentation.',
  ],
  *steps(pen, calls) {
    const allocator = new Blocks({ capacity: COUNT * BLOCK, block: BLOCK });
    for (let i = 0; i < COUNT; i++) allocator.allocate(BLOCK);
    for (let i = 0; i < COUNT; i++) if (!IN_USE.includes(i)) allocator.free(i * BLOCK);
    const bar = () => drawn(pen, [...allocator.segments()]);
    let number = 0;

    yield [
      pen.step(++number, `${COUNT} blocks of ${size(BLOCK)}, ${IN_USE.length} of them in use.`),
      pen.legend(true),
      bar(),
    ].join('\n');

    const addresses = new Map<string, number>();
    const act = (call: Call): string => {
      if (call.what === 'request') return request(allocator, call, addresses);
      const address = addresses.get(call.name);
      if (address === undefined) return neverServed(call);
      const blocks = allocator.sizeOf(address) / BLOCK;
      allocator.free(address);
      return `${call.name} is released: ${count(blocks, 'block')}, from block ${address / BLOCK} on.`;
    };
    for (const call of calls) yield `${pen.step(++number, act(call))}\n${bar()}`;

    const used = [...allocator.segments()].filter((segment) => segment.used);
    const granted = used.reduce((sum, { start, end }) => sum + end - start, 0);
    const requested = used.reduce((sum, segment) => sum + (segment.requested ?? 0), 0);
    return [
      `${size(requested)} is in use in ${size(granted)} of blocks: ${Math.round((100 * (granted - requested)) / granted)} % of what was granted is wasted inside.`,
      'The waste is less than a block a segment, half a block on average. Small blocks waste less, but there are more of them to keep account of.',
      'A segment of several blocks needs them in a row, so there is external fragmentation as well. Paged memory does away with that: a page table makes scattered frames look contiguous.',
    ];
  },
};

function request(
  allocator: Blocks,
  { bytes, name }: Call & { what: 'request' },
  addresses: Map<string, number>,
): string {
  const { freeBytes } = allocator.stats();
  const needs = Math.ceil(bytes / BLOCK);
  const text = `${size(bytes)} is requested: ${count(needs, 'block')}${needs > 1 ? ' in a row' : ''}.`;
  const address = allocator.allocate(bytes);
  if (address === null) {
    const most = allocator.largestFree() / BLOCK;
    const free = freeBytes / BLOCK;
    if (free < needs) return `${text} ${count(free, 'block')} ${free === 1 ? 'is' : 'are'} free: refused.`;
    return `${text} ${count(free, 'block')} are free, but no more than ${most} in a row: refused. Blocks do not do away with external fragmentation.`;
  }
  addresses.set(name, address);
  const granted = allocator.sizeOf(address);
  return `${text} Block ${address / BLOCK} is the first that serves. ${size(granted)} is granted, and ${size(granted - bytes)} of it wasted.`;
}

function drawn(pen: Pen, segments: readonly Stretch[]): string {
  // Each free block by itself, as it is given out.
  const parts = segments.flatMap((segment) =>
    segment.used
      ? [segment]
      : Array.from({ length: (segment.end - segment.start) / BLOCK }, (_, i) => ({
          ...segment,
          start: segment.start + i * BLOCK,
          end: segment.start + (i + 1) * BLOCK,
        })),
  );
  return pen.bar(parts, ({ start, end, used, requested = 0 }) => {
    if (!used) return `${start / BLOCK}`;
    const waste = end - start - requested;
    return waste === 0 ? `${start / BLOCK}` : `${start / BLOCK}: ${size(requested)}`;
  });
}
