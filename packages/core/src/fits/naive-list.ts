/**
 * The linked lists of the naive allocator, with a node per segment. Removing a node and putting one beside
 * another cost O(1); finding a node, or the place of a new one in a sorted list, is a walk, O(n).
 */
import { law } from '../allocator.js';
import { INSPECT, summary } from '../summary.js';
import type { FreeListOrder } from './options.js';

/** Bytes of a SegmentNode as a C struct: six fields of eight bytes. */
export const NODE_BYTES = 48;

/**
 * A segment: where it starts and ends, in bytes, and its neighbours in the list it stands in.
 * @example
 * ```js
 * const naive = new NaiveAllocator({ capacity: 100 });
 * naive.allocate(30);
 * naive.allocate(20);
 * const newest = naive.descriptor.segments.head;
 * [newest.start, newest.end, newest.size, newest.next.start];   // => [30, 50, 20, 0]
 * ```
 */
export class SegmentNode {
  start: number;
  end: number;
  /** What the caller was given, and asked for; of no meaning while the segment is free. */
  address = 0;
  requested = 0;
  next: SegmentNode | null = null;
  previous: SegmentNode | null = null;

  constructor(start: number, end: number) {
    this.start = start;
    this.end = end;
  }

  get size(): number {
    return this.end - this.start;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new NaiveAllocator({ capacity: 4096 }).descriptor.free.head.toJSON().end;   // => 4096
   * ```
   */
  toJSON(): object {
    return { start: this.start, end: this.end, address: this.address, requested: this.requested };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

/**
 * A doubly linked list of segments, which is iterable from head to tail.
 * @example
 * ```js
 * const naive = new NaiveAllocator({ capacity: 100 });
 * for (const size of [10, 20, 30]) naive.allocate(size);
 * // The allocated list, newest first.
 * const { segments } = naive.descriptor;
 * [...segments].map(({ requested }) => requested);   // => [30, 20, 10]
 * ```
 */
export class SegmentList {
  head: SegmentNode | null = null;
  tail: SegmentNode | null = null;
  length = 0;

  /**
   * Puts `node`, of no list, in front of `mark`, a node of this list, or at the end when `mark` is null. O(1),
   * unchecked.
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100 });
   * for (const size of [10, 20, 30]) naive.allocate(size);
   * const { segments } = naive.descriptor;
   * // Move to front: the oldest will be found first.
   * const oldest = segments.tail;
   * segments.remove(oldest);
   * segments.insertBefore(segments.head, oldest);
   * [...segments].map(({ size }) => size);   // => [10, 30, 20]
   * ```
   */
  insertBefore(mark: SegmentNode | null, node: SegmentNode): void {
    const previous = mark === null ? this.tail : mark.previous;
    node.previous = previous;
    node.next = mark;
    if (previous === null) this.head = node;
    else previous.next = node;
    if (mark === null) this.tail = node;
    else mark.previous = node;
    this.length++;
  }

  /**
   * Takes `node`, one of this list, out of it; its links become null. O(1), unchecked.
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100 });
   * const { free } = naive.descriptor;
   * // Without the only free segment, nothing serves.
   * free.remove(free.head);
   * free.length;   // => 0
   * naive.allocate(1);   // => null
   * ```
   */
  remove(node: SegmentNode): void {
    const { previous, next } = node;
    if (previous === null) this.head = next;
    else previous.next = next;
    if (next === null) this.tail = previous;
    else next.previous = previous;
    node.previous = node.next = null;
    this.length--;
  }

  *[Symbol.iterator](): Generator<SegmentNode> {
    for (let node = this.head; node !== null; node = node.next) yield node;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new NaiveAllocator({ capacity: 4096 }).descriptor.free.toJSON();   // => { segments: 1 }
   * ```
   */
  toJSON(): object {
    return { segments: this.length };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

/**
 * The list of free segments, kept in one of the five orders of FreeListOrder.
 * @example
 * ```js
 * const naive = new NaiveAllocator({ capacity: 100, order: 'size-down' });
 * const [a] = [10, 20].map((size) => naive.allocate(size));
 * naive.free(a);
 * const { free } = naive.descriptor;
 * // The largest stands first: whether a request can be served is known at the head.
 * [free.order, free.head.size, free.tail.size];   // => ['size-down', 70, 10]
 * ```
 */
export class FreeList extends SegmentList {
  readonly order: FreeListOrder;

  constructor(order: FreeListOrder) {
    super();
    this.order = order;
  }

  /**
   * Puts in a segment that has just become free. O(1) in the newest orders, else a walk to its place.
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100, order: 'address', coalesce: false });
   * const { free, segments } = naive.descriptor;
   * naive.allocate(10);
   * const node = segments.head;
   * segments.remove(node);
   * free.insert(node);
   * [...free].map(({ start }) => start);   // => [0, 10]
   * ```
   */
  insert(node: SegmentNode): void {
    if (this.order === 'newest-first') this.insertBefore(this.head, node);
    else if (this.order === 'newest-last') this.insertBefore(null, node);
    else {
      let mark = this.head;
      while (mark !== null && this.precedes(mark, node)) mark = mark.next;
      this.insertBefore(mark, node);
    }
  }

  /**
   * Gives a node of the list new bounds within its old ones. It keeps its place unless the order is by size: then a
   * walk finds its new one.
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100, order: 'size-up' });
   * const [a] = [30, 10].map((size) => naive.allocate(size));
   * naive.free(a);
   * const { free } = naive.descriptor;
   * [...free].map(({ start }) => start);   // => [0, 40]
   * // Of the 60 bytes behind, 20 are left: less than the 30 in front.
   * free.shrink(free.tail, 80, 100);
   * [...free].map(({ start }) => start);   // => [80, 0]
   * ```
   */
  shrink(node: SegmentNode, start: number, end: number): void {
    node.start = start;
    node.end = end;
    if (this.order === 'size-up' || this.order === 'size-down') {
      this.remove(node);
      this.insert(node);
    }
  }

  /**
   * Whether `a` may stand in front of `b`; in the newest orders any two may stand in any order. O(1).
   * @example
   * ```js
   * const naive = new NaiveAllocator({ capacity: 100, order: 'newest-first' });
   * naive.free(naive.allocate(10));
   * naive.allocate(20);
   * const { free, segments } = naive.descriptor;
   * // Neither order would be wrong: only the time of the release tells.
   * [free.precedes(free.head, segments.head), free.precedes(segments.head, free.head)];   // => [true, true]
   * ```
   */
  precedes(a: SegmentNode, b: SegmentNode): boolean {
    const bySize =
      this.order === 'size-up' ? a.size - b.size : this.order === 'size-down' ? b.size - a.size : 0;
    if (bySize !== 0) return bySize < 0;
    return this.order === 'newest-first' || this.order === 'newest-last' || a.start < b.start;
  }
}

/** @throws CorruptionError unless the links of `list` lead from head to tail and back over `length` nodes */
export function checkLinks(list: SegmentList, name: string): void {
  let previous: SegmentNode | null = null;
  let count = 0;
  for (let node = list.head; node !== null && count <= list.length; node = node.next) {
    law(node.previous === previous, `${name}: each node's previous is the node before it`, () => at(node));
    previous = node;
    count++;
  }
  law(count === list.length, `${name}: as many nodes as its length`, () => `${count} and ${list.length}`);
  law(list.tail === previous, `${name}: the tail is the last node`, () => at(list.tail));
}

function at(node: SegmentNode | null): string {
  return node === null ? 'none' : `the node [${node.start}, ${node.end})`;
}
