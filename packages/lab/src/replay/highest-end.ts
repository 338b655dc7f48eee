/**
 * The end of the highest live segment, kept as blocks come and go: a tournament over the slots of the trace, in one
 * typed array. `set` climbs only as far as the winner changes, about two steps for most blocks and log2(slots) at
 * worst; `max` is the root. Memory: 16 to 32 bytes a slot, whatever the length of the trace; a heap with lazy
 * deletion keeps an entry for every block that ever was, until it surfaces.
 */
export class HighestEnd {
  /** Node i has the children 2i and 2i + 1; the leaves begin at `#leaves`. */
  readonly #tree: Float64Array;
  readonly #leaves: number;

  constructor(slots: number) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(slots, 2)));
    this.#tree = new Float64Array(this.#leaves * 2);
  }

  /** 0 when no block is live. */
  get max(): number {
    return this.#tree[1]!;
  }

  /** The block of `slot` ends at `end`; 0 where the slot is empty. */
  set(slot: number, end: number): void {
    const tree = this.#tree;
    let i = this.#leaves + slot;
    tree[i] = end;
    let best = end;
    while (i > 1) {
      const other = tree[i ^ 1]!;
      if (other > best) best = other;
      i >>>= 1;
      if (tree[i] === best) return;
      tree[i] = best;
    }
  }
}
