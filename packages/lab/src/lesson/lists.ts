/** The data structures of the naive allocator: a descriptor, a list of allocated segments, a list of free ones. */
import { type AllocatorObserver, NaiveAllocator, type SegmentNode } from 'freehold';
import { type Call, callsOf } from './calls.js';
import type { Example } from './example.js';
import { count, type Pen, size } from './pen.js';
import { type Moment, Recorder } from './recorder.js';
import { neverServed } from './sentences.js';

const k = 1024;
const CAPACITY = 64 * k;

const CALLS = callsOf('16k 8k 24k free:2 4k free:1 free:4');

export const lists: Example = {
  name: 'lists',
  title: 'Memory allocation: the data structures',
  calls: { shown: CALLS, memory: CAPACITY },
  opening: () => [
    'A descriptor holds the address of the memory and the heads of two linked lists: one of segments in use, one of free segments. Each segment has a node, with its start and its end.',
  ],
  *steps(pen, calls) {
    const recorder = new Recorder(0, CAPACITY);
    const observer: AllocatorObserver = recorder;
    const allocator = new NaiveAllocator({ capacity: CAPACITY, observer });
    const names = new Map<number, string>();
    const show = () => `${memory(pen, allocator, names)}\n${structures(allocator)}`;
    const act = (call: Call): string => {
      if (call.what === 'request') {
        const address = allocator.allocate(call.bytes);
        if (address !== null) names.set(address, call.name);
        return requested(call.name, call.bytes, recorder.moments());
      }
      const address = [...names].find(([, each]) => each === call.name)?.[0];
      if (address === undefined) return neverServed(call);
      allocator.free(address);
      names.delete(address);
      return released(call.name, recorder.moments());
    };
    let number = 0;
    yield `${pen.step(++number, `${size(CAPACITY)} of memory: nothing is allocated, one free segment is all there is.`)}\n${pen.legend()}\n${show()}`;
    for (const call of calls) yield `${pen.step(++number, act(call))}\n${show()}`;
    return [
      'The list of free segments is searched at every request, the list of allocated ones at every release; both walks become long as segments become many.',
      'A release merges the segment with the free ones that touch it. In a list by address those are its neighbours in the list; to find the place costs a walk.',
      'Two structures describe one memory, and have to agree: each byte is in exactly one node of one list. `check()` of every allocator here verifies its own.',
    ];
  },
};

function requested(name: string, request: number, moments: readonly Moment[]): string {
  const nodes = moments.filter(({ event }) => event.what === 'inspect').length;
  const asks = `${name} requests ${size(request)}.`;
  if (!moments.some(({ event }) => event.what === 'take')) {
    return `${asks} The search looks at ${count(nodes, 'node')} of the free list, and none is large enough: refused.`;
  }
  const cut = moments.find(({ event }) => event.what === 'split')?.event;
  const rest =
    cut?.what === 'split'
      ? `its node keeps the rest, ${size(cut.at)}-${size(cut.end)}`
      : 'its node leaves the list';
  return `${asks} The search looks at ${count(nodes, 'node')} of the free list and takes from the last of them: ${rest}. A new node for ${name} goes to the head of the allocated list.`;
}

function released(name: string, moments: readonly Moment[]): string {
  const joins = moments.flatMap(({ event }) =>
    event.what === 'coalesce'
      ? [`${size(event.start)}-${size(event.at)} and ${size(event.at)}-${size(event.end)}`]
      : [],
  );
  const text = `${name} is released. Its node is found by a walk of the allocated list, and goes into the free list at its place by address`;
  if (joins.length === 0) return `${text}. No neighbour is free.`;
  return `${text}. What touches it is free and joins it: ${joins.join(', then ')}.`;
}

function memory(pen: Pen, allocator: NaiveAllocator, names: ReadonlyMap<number, string>): string {
  return pen.bar(allocator.segments(), ({ start, end, used }) =>
    used ? names.get(start)! : size(end - start),
  );
}

/** The descriptor on the left, with an arrow to the first node of each list. */
function structures({ descriptor }: NaiveAllocator): string {
  const range = `${size(descriptor.base)}-${size(descriptor.break)}`;
  const [top, middle, bottom] = chain(descriptor.segments);
  const [freeTop, freeMiddle, freeBottom] = chain(descriptor.free);
  return [
    `┌─ descriptor ─┐${top}`,
    `│ allocated  ──┼${middle}`,
    `│              │${bottom}`,
    `│ memory ${range.padEnd(6)}│${freeTop}`,
    `│ free       ──┼${freeMiddle}`,
    `└──────────────┘${freeBottom}`,
  ]
    .map((line) => `     ${line}`.trimEnd())
    .join('\n');
}

/** Beside the descriptor, with the arrow to `none`. */
const CHAIN_COLUMNS = 80 - 21 - ' ──> none'.length;

/** The nodes of a list as boxes, three lines high: as many of the first as there is room for. */
function chain(nodes: Iterable<SegmentNode>): [top: string, middle: string, bottom: string] {
  let [top, middle, bottom] = ['', '', ''];
  for (const { start, end } of nodes) {
    const text = ` ${size(start)}-${size(end)} `;
    if (top.length + text.length + 5 > CHAIN_COLUMNS) return [top, `${middle}──> …`, bottom];
    const edge = '─'.repeat(text.length);
    top += `   ┌${edge}┐`;
    middle += `──>│${text}│`;
    bottom += `   └${edge}┘`;
  }
  return [top, `${middle}──> none`, bottom];
}
