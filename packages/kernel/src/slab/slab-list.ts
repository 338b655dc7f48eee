/** Doubly linked lists of slabs, by slab number, threaded through two arrays that all lists of a cache share. */

export const NO_SLAB = -1;

export class SlabLinks {
  next = new Int32Array(16);
  previous = new Int32Array(16);

  reserve(slabs: number): void {
    if (slabs <= this.next.length) return;
    this.next = enlarged(this.next, slabs);
    this.previous = enlarged(this.previous, slabs);
  }
}

export class SlabList {
  head = NO_SLAB;
  length = 0;
  private readonly links: SlabLinks;

  constructor(links: SlabLinks) {
    this.links = links;
  }

  push(slab: number): void {
    const { next, previous } = this.links;
    next[slab] = this.head;
    previous[slab] = NO_SLAB;
    if (this.head !== NO_SLAB) previous[this.head] = slab;
    this.head = slab;
    this.length++;
  }

  remove(slab: number): void {
    const { next, previous } = this.links;
    const after = next[slab];
    const before = previous[slab];
    if (before === NO_SLAB) this.head = after;
    else next[before] = after;
    if (after !== NO_SLAB) previous[after] = before;
    this.length--;
  }

  *[Symbol.iterator](): Generator<number, void, undefined> {
    for (let slab = this.head; slab !== NO_SLAB; ) {
      const after = this.links.next[slab];
      yield slab;
      slab = after;
    }
  }
}

/** A copy with room for at least `length` elements, twice the old length or more. */
export function enlarged(array: Int32Array, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(Math.max(length, array.length * 2));
  copy.set(array);
  return copy;
}
