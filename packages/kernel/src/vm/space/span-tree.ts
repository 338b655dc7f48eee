/**
 * Stretches of an address space that do not overlap, as a linked list in order of address and as a balanced tree
 * over it that also knows the largest gap below each node: what Linux kept as `mm->mmap` and `mm->mm_rb`.
 *
 * Cost: find, insert, remove O(log n), the span found last O(1); the lowest or highest gap of a size O(log n).
 * Waste: a span's bounds lie in an object of a slab cache; the links are references of the host language.
 * Not for free memory of many sizes: only the first gap in order of address is found, no best fit.
 * Source: Adelson-Velsky and Landis 1962; the gaps after Linux mm/mmap.c, `vma_compute_subtree_gap`.
 */
import { CorruptionError, INSPECT, summary } from 'freehold';
import { PAGE_OFFSET } from '../../frames/page-allocator.js';

/** Bytes of the object that a span needs: its start and its end. */
export const SPAN_BYTES = 16;

/** What the searches for a gap give when there is none. */
export const NO_GAP = -1;

/**
 * A stretch of addresses, [start, end), whose bounds lie in an object of the machine's memory. A SpanTree orders
 * such; Area and VmallocArea extend it.
 * @example
 * ```js
 * const { machine, slab } = new Kernel();
 * const span = new Span(machine.f64, slab.kmalloc(16));
 * span.start = 0x1000;
 * span.end = 0x3000;
 * // The bounds are bytes of the kernel, not of the host language.
 * machine.f64[(span.object - PAGE_OFFSET) / 8];   // => 0x1000
 * ```
 */
export class Span {
  /** Of the slab object that holds the bounds, in the logical space of the kernel. */
  readonly object: number;
  next: this | null = null;
  previous: this | null = null;
  left: this | null = null;
  right: this | null = null;
  height = 1;
  /** The largest gap below this span and below those in its subtree. */
  maxGap = 0;
  /** The words of the machine's memory, and the place of this object among them. */
  protected readonly words: Float64Array;
  protected readonly at: number;

  constructor(words: Float64Array, object: number) {
    this.object = object;
    this.words = words;
    this.at = (object - PAGE_OFFSET) / 8;
  }

  /** First address. */
  get start(): number {
    return this.words[this.at];
  }

  set start(address: number) {
    this.words[this.at] = address;
  }

  /** First address behind. */
  get end(): number {
    return this.words[this.at + 1];
  }

  set end(address: number) {
    this.words[this.at + 1] = address;
  }

  /** Bytes below the start that must stay free. */
  get guardBytes(): number {
    return 0;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * const words = new Float64Array([4096, 8192]);
   * new Span(words, PAGE_OFFSET).toJSON();   // => { start: 4096, end: 8192 }
   * ```
   */
  toJSON(): object {
    return { start: this.start, end: this.end };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

/**
 * Spans that do not overlap, in order of address, as a list and as a tree: `space.areas` and `vm.kernel.areas` are
 * such. Iterating goes from the lowest to the highest.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * space.mmap({ length: 4096, name: 'arena' });
 * // The list begins with the lowest.
 * space.areas.head.name;   // => 'arena'
 * Array.from(space.areas, ({ label }) => label);   // => ['arena', '[stack]']
 * ```
 */
export class SpanTree<T extends Span> {
  /** The lowest span: the head of the list. */
  head: T | null = null;
  length = 0;
  /** The span that `find` gave last. */
  cached: T | null = null;
  /** Calls of `find`, and how many of them the cached span answered. */
  finds = 0;
  cacheHits = 0;
  private root: T | null = null;

  /**
   * The lowest span that ends above `address`, whether it holds the address or lies above; null when there is none.
   * The one found last is tried first. O(log n).
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 8192 });
   * space.areas.find(at + 5000).start === at;   // => true
   * // An address in no area gives the area above: AddressSpace.areaAt tells the two apart.
   * space.areas.find(0).start === at;   // => true
   * space.areas.find(TASK_SIZE);   // => null
   * ```
   */
  find(address: number): T | null {
    this.finds++;
    const { cached } = this;
    if (cached !== null && cached.start <= address && address < cached.end) {
      this.cacheHits++;
      return cached;
    }
    let found: T | null = null;
    for (let node = this.root; node !== null; ) {
      if (node.end > address) {
        found = node;
        node = node.left;
      } else node = node.right;
    }
    if (found !== null) this.cached = found;
    return found;
  }

  /**
   * The highest span that starts below `address`, or null. O(log n).
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const at = space.mmap({ length: 8192 });
   * space.areas.below(at + 1).start === at;   // => true
   * space.areas.below(at);   // => null
   * ```
   */
  below(address: number): T | null {
    let found: T | null = null;
    for (let node = this.root; node !== null; ) {
      if (node.start < address) {
        found = node;
        node = node.right;
      } else node = node.left;
    }
    return found;
  }

  /**
   * Puts a span into the list and the tree. O(log n).
   * @param span whose bounds are set and overlap no other; this is not checked
   * @example
   * ```js
   * const tree = new SpanTree();
   * const words = new Float64Array(4);
   * for (const [i, start] of [0x5000, 0x1000].entries()) {
   *   tree.insert(Object.assign(new Span(words, PAGE_OFFSET + i * 16), { start, end: start + 0x1000 }));
   * }
   * Array.from(tree, ({ start }) => start);   // => [0x1000, 0x5000]
   * tree.head.next.start;   // => 0x5000
   * ```
   */
  insert(span: T): void {
    const previous = this.below(span.start);
    const next = previous === null ? this.head : previous.next;
    span.previous = previous;
    span.next = next;
    if (previous === null) this.head = span;
    else previous.next = span;
    if (next !== null) next.previous = span;
    span.left = null;
    span.right = null;
    // The neighbour above lies on the way down, so its gap is measured anew on the way back.
    this.root = insertBelow(this.root, span);
    this.length++;
  }

  /**
   * Takes a span out; its object is the caller's to free. O(log n).
   * @param span one of this tree
   * @example
   * ```js
   * const tree = new SpanTree();
   * const span = Object.assign(new Span(new Float64Array(2), PAGE_OFFSET), { start: 4096, end: 8192 });
   * tree.insert(span);
   * tree.remove(span);
   * [tree.length, tree.find(4096)];   // => [0, null]
   * ```
   */
  remove(span: T): void {
    this.root = removeBelow(this.root, span);
    const { previous, next } = span;
    if (previous === null) this.head = next;
    else previous.next = next;
    if (next !== null) next.previous = previous;
    this.length--;
    if (this.cached === span) this.cached = null;
    if (next !== null) refresh(this.root, next);
  }

  /**
   * Moves the bounds of a span, never past a neighbour: a heap that grows. O(log n).
   * @example
   * ```js
   * const tree = new SpanTree();
   * const heap = Object.assign(new Span(new Float64Array(2), PAGE_OFFSET), { start: 4096, end: 8192 });
   * tree.insert(heap);
   * tree.find(9000);   // => null
   * tree.resize(heap, 4096, 12_288);
   * tree.find(9000) === heap;   // => true
   * ```
   */
  resize(span: T, start: number, end: number): void {
    span.start = start;
    span.end = end;
    refresh(this.root, span);
    if (span.next !== null) refresh(this.root, span.next);
  }

  /**
   * The start of the lowest gap of `bytes` within [low, high), or -1: first fit, as vmalloc places its areas. O(log
   * n).
   * @example
   * ```js
   * const { kernel } = new Kernel().vm;
   * const [first] = [kernel.vmalloc(4096), kernel.vmalloc(4096)];
   * kernel.vfree(first);
   * // The hole of one page and its guard page is found again, but not for three pages.
   * kernel.areas.lowestGap(2 * 4096, VMALLOC_START, VMALLOC_END) === first;   // => true
   * kernel.areas.lowestGap(3 * 4096, VMALLOC_START, VMALLOC_END) - first;   // => 16384
   * kernel.areas.lowestGap(2 ** 50, VMALLOC_START, VMALLOC_END);   // => -1
   * ```
   */
  lowestGap(bytes: number, low: number, high: number): number {
    const found = lowest(this.root, bytes, low, high);
    if (found !== NO_GAP) return found;
    const start = Math.max(low, lastEnd(this.root));
    return high - start >= bytes ? start : NO_GAP;
  }

  /**
   * The start of the highest `bytes` that are free within [low, high), or -1: how mmap chooses an address. O(log n).
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * const gap = space.areas.highestGap(4096, MMAP_MIN_ADDRESS, MMAP_BASE);
   * gap === MMAP_BASE - 4096;   // => true
   * space.mmap({ length: 4096 }) === gap;   // => true
   * space.areas.highestGap(2 ** 47, MMAP_MIN_ADDRESS, MMAP_BASE);   // => -1
   * ```
   */
  highestGap(bytes: number, low: number, high: number): number {
    if (high - Math.max(low, lastEnd(this.root)) >= bytes) return high - bytes;
    return highest(this.root, bytes, low, high);
  }

  /** From the lowest to the highest; the span at hand may be removed. */
  *[Symbol.iterator](): Generator<T, void, undefined> {
    for (let span = this.head; span !== null; ) {
      const { next } = span;
      yield span;
      span = next;
    }
  }

  /**
   * @throws CorruptionError unless the list is in order and the index agrees with it. O(n).
   * @example
   * ```js
   * const { space } = new Kernel().process(1);
   * space.mmap({ length: 4096 });
   * space.areas.check();
   * // Bounds changed behind the tree's back: use `resize`.
   * space.areas.head.end = TASK_SIZE;
   * space.areas.check();   // => throws CorruptionError: areas lie in order and do not overlap
   * ```
   */
  check(): void {
    const listed: T[] = [...this];
    if (listed.length !== this.length) {
      throw new CorruptionError(
        'the list holds as many areas as counted',
        `${listed.length}, not ${this.length}`,
      );
    }
    let end = 0;
    listed.forEach((span, i) => {
      if (!(span.start >= end && span.end > span.start)) {
        throw new CorruptionError(
          'areas lie in order and do not overlap',
          `0x${span.start.toString(16)} to 0x${span.end.toString(16)}, the one below ends at 0x${end.toString(16)}`,
        );
      }
      if (span.previous !== (listed[i - 1] ?? null)) {
        throw new CorruptionError('links lead both ways', `area 0x${span.start.toString(16)}`);
      }
      end = span.end;
    });
    const indexed: T[] = [];
    checkBelow(this.root, indexed);
    if (indexed.length !== listed.length || indexed.some((span, i) => span !== listed[i])) {
      throw new CorruptionError(
        'the index of areas is the list',
        `${indexed.length} indexed, ${listed.length} listed`,
      );
    }
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new SpanTree().toJSON();   // => { spans: 0, finds: 0, cacheHits: 0 }
   * ```
   */
  toJSON(): object {
    return { spans: this.length, finds: this.finds, cacheHits: this.cacheHits };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}

function gapBelow(span: Span): number {
  return Math.max(0, span.start - span.guardBytes - (span.previous === null ? 0 : span.previous.end));
}

function lastEnd(root: Span | null): number {
  if (root === null) return 0;
  let node = root;
  while (node.right !== null) node = node.right;
  return node.end;
}

function lowest(node: Span | null, bytes: number, low: number, high: number): number {
  if (node === null || node.maxGap < bytes) return NO_GAP;
  const { previous } = node;
  const gapStart = previous === null ? 0 : previous.end;
  if (gapStart > low) {
    const found = lowest(node.left, bytes, low, high);
    if (found !== NO_GAP) return found;
  }
  const start = Math.max(gapStart, low);
  if (Math.min(node.start - node.guardBytes, high) - start >= bytes) return start;
  return node.end < high ? lowest(node.right, bytes, low, high) : NO_GAP;
}

function highest(node: Span | null, bytes: number, low: number, high: number): number {
  if (node === null || node.maxGap < bytes) return NO_GAP;
  if (node.end < high) {
    const found = highest(node.right, bytes, low, high);
    if (found !== NO_GAP) return found;
  }
  const { previous } = node;
  const gapStart = previous === null ? 0 : previous.end;
  const end = Math.min(node.start - node.guardBytes, high);
  if (end - Math.max(gapStart, low) >= bytes) return end - bytes;
  return gapStart > low ? highest(node.left, bytes, low, high) : NO_GAP;
}

function update(node: Span): void {
  const { left, right } = node;
  const leftHeight = left === null ? 0 : left.height;
  const rightHeight = right === null ? 0 : right.height;
  node.height = 1 + Math.max(leftHeight, rightHeight);
  node.maxGap = Math.max(gapBelow(node), left === null ? 0 : left.maxGap, right === null ? 0 : right.maxGap);
}

function refresh(node: Span | null, span: Span): void {
  if (node === null) return;
  if (node !== span) refresh(span.start < node.start ? node.left : node.right, span);
  update(node);
}

function insertBelow<T extends Span>(node: T | null, span: T): T {
  if (node === null) {
    update(span);
    return span;
  }
  if (span.start < node.start) node.left = insertBelow(node.left, span);
  else node.right = insertBelow(node.right, span);
  return balanced(node);
}

function removeBelow<T extends Span>(node: T | null, span: T): T | null {
  if (node === null) return null;
  if (node !== span) {
    if (span.start < node.start) node.left = removeBelow(node.left, span);
    else node.right = removeBelow(node.right, span);
    return balanced(node);
  }
  if (node.left === null) return node.right;
  if (node.right === null) return node.left;
  // The next span in order takes its place.
  let heir = node.right;
  while (heir.left !== null) heir = heir.left;
  const right = removeBelow(node.right, heir);
  heir.left = node.left;
  heir.right = right;
  return balanced(heir);
}

function tilt(node: Span): number {
  return (node.left === null ? 0 : node.left.height) - (node.right === null ? 0 : node.right.height);
}

function balanced<T extends Span>(node: T): T {
  const lean = tilt(node);
  if (lean > 1) {
    if (tilt(node.left!) < 0) node.left = rotatedLeft(node.left!);
    return rotatedRight(node);
  }
  if (lean < -1) {
    if (tilt(node.right!) > 0) node.right = rotatedRight(node.right!);
    return rotatedLeft(node);
  }
  update(node);
  return node;
}

function rotatedLeft<T extends Span>(node: T): T {
  const top: T = node.right!;
  node.right = top.left;
  top.left = node;
  update(node);
  update(top);
  return top;
}

function rotatedRight<T extends Span>(node: T): T {
  const top: T = node.left!;
  node.left = top.right;
  top.right = node;
  update(node);
  update(top);
  return top;
}

function checkBelow<T extends Span>(node: T | null, indexed: T[]): void {
  if (node === null) return;
  checkBelow(node.left, indexed);
  indexed.push(node);
  checkBelow(node.right, indexed);
  const { height, maxGap } = node;
  update(node);
  if (Math.abs(tilt(node)) > 1 || height !== node.height || maxGap !== node.maxGap) {
    throw new CorruptionError(
      'the index is balanced and knows the gaps',
      `height ${height}, gap ${maxGap} at 0x${node.start.toString(16)}, counted ${node.height} and ${node.maxGap}`,
    );
  }
}
