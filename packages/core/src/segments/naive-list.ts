/**
 * The linked lists of the naive allocator, with a node per segment. Removing a node and putting one beside
 * another cost O(1); finding a node, or the place of a new one in a sorted list, is a walk, O(n).
 */
import { law } from '../allocator.js';
import type { FreeListOrder } from './options.js';

/** Bytes of a SegmentNode as a C struct: six fields of eight bytes. */
export const NODE_BYTES = 48;

/** A segment: where it starts and ends, and its neighbours in the list it stands in. */
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
}

/** A doubly linked list of segments. */
export class SegmentList {
  head: SegmentNode | null = null;
  tail: SegmentNode | null = null;
  length = 0;

  /** Puts `node` in front of `mark`, a node of this list, or at the end when `mark` is null. */
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
}

/** The list of free segments, kept in one of the five orders. */
export class FreeList extends SegmentList {
  readonly order: FreeListOrder;

  constructor(order: FreeListOrder) {
    super();
    this.order = order;
  }

  /** Puts in a segment that has just become free. O(1) in the newest orders, else a walk to its place. */
  insert(node: SegmentNode): void {
    if (this.order === 'newest-first') this.insertBefore(this.head, node);
    else if (this.order === 'newest-last') this.insertBefore(null, node);
    else {
      let mark = this.head;
      while (mark !== null && this.precedes(mark, node)) mark = mark.next;
      this.insertBefore(mark, node);
    }
  }

  /** Gives a node of the list new bounds within its old ones. It keeps its place unless the order is by size. */
  shrink(node: SegmentNode, start: number, end: number): void {
    node.start = start;
    node.end = end;
    if (this.order === 'size-up' || this.order === 'size-down') {
      this.remove(node);
      this.insert(node);
    }
  }

  /** Whether `a` may stand in front of `b`; in the newest orders any two may stand in any order. */
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
