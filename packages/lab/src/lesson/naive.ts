/** The naive allocator in action, what a largest-free hint saves, and what it does not. */
import { NaiveAllocator } from 'freehold';
import { wrap } from '../text/table.js';
import type { Call } from './calls.js';
import type { Example } from './example.js';
import { count, list, type Pen, type Stretch, size } from './pen.js';
import { neverServed, sentences } from './sentences.js';

const k = 1024;
const CAPACITY = 1024 * k;
const REQUESTS = [64, 128, 64, 192, 64, 256, 128, 128].map((each) => each * k);
/** Which of the requests, by number, are released. */
const RELEASES = [3, 5, 7];
const TOO_LARGE = 320 * k;

export const naive: Example = {
  name: 'naive',
  title: 'The naive allocator in action',
  calls: { shown: [], memory: CAPACITY },
  opening: (calls) => [
    calls.length > 0
      ? `One linked list holds all free segments of ${size(CAPACITY)} of memory. ${sentences(calls)}`
      : `One linked list holds all free segments. ${size(CAPACITY)} of memory is requested in pieces until nothing is left; some come back; then a request comes that nothing can serve.`,
  ],
  *steps(pen, calls) {
    if (calls.length > 0) return yield* own(pen, calls);
    const plain = new NaiveAllocator({ capacity: CAPACITY });
    let number = 0;
    const step = (text: string, allocator: NaiveAllocator) =>
      `${pen.step(++number, text)}\n${memory(pen, allocator)}\n${freeList(allocator)}`;

    yield `${pen.step(++number, `All ${size(CAPACITY)} is one free segment.`)}\n${pen.legend()}\n${memory(pen, plain)}\n${freeList(plain)}`;
    const addresses = [];
    for (const request of REQUESTS.slice(0, 3)) {
      addresses.push(plain.allocate(request)!);
      yield step(`${size(request)} is requested, and cut off the segment at the head of the list.`, plain);
    }
    const others = REQUESTS.slice(3);
    for (const request of others) addresses.push(plain.allocate(request)!);
    yield step(`${list(others.map(size))} follow: the memory is full.`, plain);
    for (const which of RELEASES) {
      plain.free(addresses[which]!);
      yield step(
        `The ${size(REQUESTS[which]!)} at ${size(addresses[which]!)} is released and goes into the free list.`,
        plain,
      );
    }

    const free = plain.stats().freeBytes;
    const address = plain.allocate(TOO_LARGE);
    const walked = plain.inspected;
    yield step(
      `${size(TOO_LARGE)} is requested. ${size(free)} is free, but no segment of ${size(TOO_LARGE)}: ${address === null ? 'refused' : 'served'}, after a walk of ${count(walked, 'node')}, the whole list.`,
      plain,
    );

    const hinted = same(true);
    hinted.allocate(TOO_LARGE);
    yield step(
      `The same memory once more, but the descriptor remembers the size of the largest free segment, ${size(hinted.descriptor.largest)}. ${size(TOO_LARGE)} is requested: refused after a walk of ${count(hinted.inspected, 'node')}.`,
      hinted,
    );

    const long = scattered(1000);
    long.allocate(2 * k);
    const found = long.inspected;
    long.allocate(2 * k);
    const vain = long.inspected;
    long.allocate(2 * k);
    yield [
      pen.step(
        ++number,
        'What the hint does not solve. Another memory, with 1000 free segments of 1k and behind them one of 2k. Three requests of 2k, one after the other, walk',
      ),
      `       ${nodes(found)}  and find the only segment that is large enough`,
      `       ${nodes(vain)}  in vain: the hint still named the segment just taken`,
      `       ${nodes(long.inspected)}  because the hint knows by now that 1k is the largest`,
    ].join('\n');

    return [
      `Without the hint every refusal walks the whole list: ${count(walked, 'node')} here, and every node of a large memory.`,
      'With it a request larger than the hint is refused at once. A request that can be served still walks to the segment that serves it, in the worst case to the last.',
      'Lists by size, as in the buddy system, or a tree over the list, as in `first-fit` of this library, find the same segment without a walk.',
    ];
  },
};

/** Calls of the reader: what each walks, without the hint and with it. */
function* own(pen: Pen, calls: readonly Call[]): Generator<string, readonly string[], undefined> {
  const plain = new NaiveAllocator({ capacity: CAPACITY });
  const hinted = new NaiveAllocator({ capacity: CAPACITY, largestHint: true });
  const addresses = new Map<string, number>();
  const walked = [0, 0];
  const act = (call: Call): string => {
    if (call.what === 'free') {
      const address = addresses.get(call.name);
      if (address === undefined) return neverServed(call);
      for (const allocator of [plain, hinted]) allocator.free(address);
      return `${call.name} at ${size(address)} is released and goes into the free list.`;
    }
    const { bytes, name } = call;
    const address = plain.allocate(bytes);
    // Both have the same free list, and so the same answer.
    hinted.allocate(bytes);
    if (address !== null) addresses.set(name, address);
    [plain, hinted].forEach((allocator, i) => {
      walked[i]! += allocator.inspected;
    });
    const answer = address === null ? 'refused' : `served at ${size(address)}`;
    return `${name} requests ${size(bytes)}: ${answer}, after a walk of ${count(plain.inspected, 'node')}; of ${count(hinted.inspected, 'node')} with the hint.`;
  };
  const show = () => `${memory(pen, plain)}\n${freeList(plain)}`;
  let number = 0;
  yield `${pen.step(++number, `All ${size(CAPACITY)} is one free segment.`)}\n${pen.legend()}\n${show()}`;
  for (const call of calls) yield `${pen.step(++number, act(call))}\n${show()}`;
  return [
    `All requests together walked ${count(walked[0]!, 'node')}, and ${walked[1]} where the descriptor remembers the size of the largest free segment.`,
    'The hint saves walks that end in vain, and no others.',
  ];
}

/** The memory as it stands after all requests and releases. */
function same(largestHint: boolean): NaiveAllocator {
  const allocator = new NaiveAllocator({ capacity: CAPACITY, largestHint });
  const addresses = REQUESTS.map((request) => allocator.allocate(request)!);
  for (const which of RELEASES) allocator.free(addresses[which]!);
  return allocator;
}

/** `free` free segments of 1k with used ones between, and one of 2k behind them; with a hint. */
function scattered(free: number): NaiveAllocator {
  const allocator = new NaiveAllocator({ capacity: (2 * free + 2) * k, largestHint: true });
  const addresses = Array.from({ length: 2 * free }, () => allocator.allocate(k)!);
  const last = allocator.allocate(2 * k)!;
  for (let i = 0; i < addresses.length; i += 2) allocator.free(addresses[i]!);
  allocator.free(last);
  return allocator;
}

function memory(pen: Pen, allocator: NaiveAllocator): string {
  return pen.bar(allocator.segments(), ({ start, end }: Stretch) => size(end - start));
}

function freeList(allocator: NaiveAllocator): string {
  const parts = allocator.freeList().map(({ start, end }) => `[${size(start)}, ${size(end)})`);
  const text = `free list -> ${[...parts, 'none'].join(' -> ')}`;
  return `     ${wrap(text, 75).replaceAll('\n', '\n     ')}`;
}

function nodes(number: number): string {
  return count(number, 'node').padStart(10);
}
