/** The binary buddy system: what a request halves, what a release joins, the free lists after each step. */
import { Buddy } from 'freehold';
import { callsOf } from './calls.js';
import type { Example } from './example.js';
import { list, type Pen, type Stretch, size } from './pen.js';
import { type Moment, Recorder } from './recorder.js';
import { neverServed, sentences } from './sentences.js';

const k = 1024;
const CAPACITY = 1024 * k;
const UNIT = 64 * k;
const CALLS = callsOf('37k 67k 112k 150k free:2 free:3 free:4 free:1');

export const buddy: Example = {
  name: 'buddy',
  title: 'The binary buddy system',
  calls: { shown: CALLS, memory: CAPACITY },
  opening: (calls) => [
    'One free list for each size, and sizes are the unit times a power of two. A request takes the next size up that has a free segment, halved until it fits: the halves are buddies. A freed segment joins its buddy when that is free too, again and again.',
    `Here: ${size(CAPACITY)} of memory in units of ${size(UNIT)}. ${sentences(calls)} Below each step stand the free lists, with the address of each free segment, and the memory.`,
  ],
  *steps(pen, calls) {
    const recorder = new Recorder(0, CAPACITY);
    const allocator = new Buddy({ capacity: CAPACITY, unit: UNIT, observer: recorder });
    const sizes = Array.from({ length: allocator.orders }, (_, order) => allocator.blockBytes(order));
    const show = (segments: readonly Stretch[]) =>
      `${freeLists(pen, sizes, segments)}\n${memory(pen, segments)}`;
    let number = 0;
    const step = (text: string, segments: readonly Stretch[]) =>
      `${pen.step(++number, text)}\n${show(segments)}`;

    yield `${pen.step(++number, `A free list for each size: ${list(sizes.map(size))}.`)}\n${pen.legend(true)}`;
    let now: readonly Stretch[] = [...allocator.segments()];
    yield step(`At the beginning all are empty but that of ${size(CAPACITY)}.`, now);

    const live = new Map<string, { address: number; bytes: number }>();
    let requested = 0;
    let granted = 0;
    let apart = 0;
    let largest = 0;
    for (const call of calls) {
      if (call.what === 'request') {
        const { bytes, name } = call;
        const address = allocator.allocate(bytes);
        const moments = recorder.moments();
        yield step(asks(allocator, bytes, moments), now);
        if (address === null) continue;
        live.set(name, { address, bytes });
        requested += bytes;
        granted += allocator.sizeOf(address);
        for (const { event, segments } of moments) {
          now = segments;
          if (event.what === 'split') yield step(splits(event.start, event.at, event.end), segments);
          if (event.what === 'take') yield step(takes(event.start, event.end, bytes), segments);
        }
        continue;
      }
      const freed = live.get(call.name);
      if (freed === undefined) {
        yield step(neverServed(call), now);
        continue;
      }
      allocator.free(freed.address);
      const [release, ...joins] = recorder.moments();
      yield step(releases(freed.bytes, release!, joins), release!.segments);
      if (joins.length > 0) yield step(joined(joins), joins.at(-1)!.segments);
      now = [...allocator.segments()];
      const run = longestFreeRun(now);
      if (run - allocator.largestFree() > apart - largest) [apart, largest] = [run, allocator.largestFree()];
    }
    return [
      `A request takes as many steps as there are sizes at most, however many segments there are: ${size(CAPACITY)} in units of ${size(UNIT)} has ${allocator.orders} lists, 1 TiB in pages of 4 KiB has 29.`,
      'A buddy is found by arithmetic, without a search: the addresses of two buddies differ in one bit, whose value is their size.',
      ...(requested === 0
        ? []
        : [
            `The price is waste inside the segments: for ${size(requested)} requested, ${size(granted)} was granted. A request just above a power of two wastes nearly half.`,
          ]),
      apart > largest
        ? `Free neighbours that are not buddies stay apart. At one time ${size(apart)} lay free in one piece, and the largest request that could be served was ${size(largest)}: external fragmentation.`
        : 'Free neighbours that are not buddies stay apart, however much lies free in one piece: external fragmentation. It did not happen here.',
    ];
  },
};

/** Bytes of the longest run of free segments side by side. */
function longestFreeRun(segments: Iterable<Stretch>): number {
  let run = 0;
  let longest = 0;
  for (const { start, end, used } of segments) {
    run = used ? 0 : run + end - start;
    longest = Math.max(longest, run);
  }
  return longest;
}

function asks(allocator: Buddy, request: number, moments: readonly Moment[]): string {
  const need = roundUp(allocator, request);
  const needs = `${size(request)} is requested, which needs a segment of ${size(need)}`;
  const found = moments.find(({ event }) => event.what === 'inspect' && event.fits)?.event;
  if (found === undefined) {
    const most = allocator.largestFree();
    const free = most === 0 ? 'nothing is free' : `the largest free one has ${size(most)}`;
    return `${needs}: refused, for ${free}.`;
  }
  const free = found.end - found.start;
  if (free === need) return `${needs}.`;
  return `${needs}. The smallest free one that is large enough has ${size(free)}: too big.`;
}

/** The least size of a segment that serves `request`. */
function roundUp(allocator: Buddy, request: number): number {
  let order = 0;
  while (allocator.blockBytes(order) < request) order++;
  return allocator.blockBytes(order);
}

function splits(start: number, at: number, end: number): string {
  return `Split the ${size(end - start)} at ${size(start)} into two buddies of ${size(at - start)}, at ${size(start)} and ${size(at)}.`;
}

function takes(start: number, end: number, request: number): string {
  const waste = end - start - request;
  return `Use the ${size(end - start)} at ${size(start)} for the ${size(request)}: ${size(waste)} is wasted inside.`;
}

function releases(request: number, { event }: Moment, joins: readonly Moment[]): string {
  const text = `The ${size(event.end - event.start)} at ${size(event.start)}, used for the ${size(request)}, is released and goes into its free list.`;
  return joins.length > 0 ? text : `${text} Its buddy is not free, so there it stays.`;
}

function joined(joins: readonly Moment[]): string {
  const parts = joins.map(({ event }) => size(event.end - event.start));
  if (joins.length === 1) return `Its buddy is free as well: the two become one segment of ${parts[0]}.`;
  return `Its buddy is free as well, and so is the buddy of the two together, and so on: they become ${list(parts)}.`;
}

/** A column for each size: the addresses of the free segments that have it. */
function freeLists(pen: Pen, sizes: readonly number[], segments: readonly Stretch[]): string {
  const columns = sizes.map((bytes) => ({
    head: size(bytes),
    addresses: segments.filter((s) => !s.used && s.end - s.start === bytes).map((s) => size(s.start)),
  }));
  const heads = columns.map(({ head }) => head.padEnd(WIDTH)).join('');
  const cells = columns.map(({ addresses }) =>
    (addresses.length === 0 ? '-' : short(addresses)).padEnd(WIDTH),
  );
  return `     ${pen.dim(`${'size'.padEnd(8)}${heads}`.trimEnd())}\n     free at ${cells.join('')}`.trimEnd();
}

/** Columns of a list: three addresses. */
const WIDTH = 15;

/** As many of the first as a column has room for. */
function short(addresses: readonly string[]): string {
  const all = addresses.join(' ');
  return all.length < WIDTH ? all : `${all.slice(0, all.lastIndexOf(' ', WIDTH - 3))} …`;
}

function memory(pen: Pen, segments: readonly Stretch[]): string {
  return pen.bar(segments, (segment) => (segment.used ? size(segment.requested ?? 0) : ''));
}
