/** Random calls against a shadow of what is live, in every kind of heap: contents, laws and counts after each few. */
import { describe, expect, it } from 'vitest';
import { InvalidFreeError } from '../allocator.js';
import type { MemorySource } from '../memory/memory.js';
import { Heap } from './heap.js';
import type { HeapOptions } from './options.js';

interface Block {
  readonly address: number;
  readonly size: number;
  readonly tag: number;
  readonly align: number;
}

/** xorshift32: the same calls for the same seed. */
class Random {
  private state: number;

  constructor(seed: number) {
    this.state = seed;
  }

  below(n: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % n;
  }
}

class Shadow {
  heap: Heap;
  readonly live: Block[] = [];
  /** A block without a tag, from the beginning to the end: a large one makes the heap large, which has more lists then. */
  readonly kept: number[] = [];
  failed = 0;
  private readonly random: Random;
  private readonly source: MemorySource;

  constructor(source: MemorySource, options: HeapOptions, seed: number, keptBytes: number) {
    this.heap = Heap.create(source, options);
    this.kept.push(this.heap.malloc(keptBytes));
    this.source = source;
    this.random = new Random(seed);
  }

  step(growing: boolean): void {
    const random = this.random;
    if (random.below(100) < (growing ? 65 : 35)) this.allocate();
    else if (this.live.length > 0) {
      const at = random.below(this.live.length);
      const block = this.live[at];
      this.verify(block);
      if (random.below(4) === 0) this.resize(at, block);
      else {
        this.heap.free(block.address);
        this.live[at] = this.live.at(-1)!;
        this.live.pop();
        if (this.heap.checked && random.below(50) === 0) {
          expect(() => this.heap.free(block.address)).toThrow(InvalidFreeError);
        }
      }
    }
  }

  private allocate(): void {
    const random = this.random;
    const align = random.below(6) === 0 ? 2 ** random.below(13) : 0;
    // Multiples of the alignment as well, as C's aligned_alloc wants: such a block has just the granules for its note.
    const size = align > 0 && random.below(2) === 0 ? align * (1 + random.below(3)) : this.size();
    const zeroed = align === 0 && random.below(6) === 0;
    const { heap } = this;
    const address =
      align > 0 ? heap.alignedAlloc(align, size) : zeroed ? heap.calloc(size, 1) : heap.malloc(size);
    if (address === 0) {
      this.failed++;
      return;
    }
    expect(address % Math.max(align, heap.alignment)).toBe(0);
    expect(heap.usableSize(address)).toBeGreaterThanOrEqual(size);
    if (zeroed) expect(heap.view.subarray(address, address + size).some((byte) => byte !== 0)).toBe(false);
    this.put(this.live.length, { address, size, tag: random.below(255) + 1, align });
  }

  private resize(at: number, block: Block): void {
    const size = this.size();
    const address = this.heap.realloc(block.address, size);
    if (address === 0) {
      this.failed++;
      this.verify(block);
      return;
    }
    this.verify({ ...block, address, size: Math.min(size, block.size) });
    if (block.align > 0) expect(address % block.align).toBe(0);
    this.put(at, { ...block, address, size });
  }

  private size(): number {
    const random = this.random;
    const kind = random.below(20);
    if (kind < 8) return random.below(50);
    if (kind < 14) return random.below(400);
    return random.below(kind < 19 ? 3000 : 40_000);
  }

  private put(at: number, block: Block): void {
    this.heap.view.fill(block.tag, block.address, block.address + block.size);
    this.live[at] = block;
  }

  verify({ address, size, tag }: Block): void {
    const bytes = this.heap.view.subarray(address, address + size);
    if (bytes.some((byte) => byte !== tag)) expect.fail(`a block of ${size} bytes at ${address} has changed`);
  }

  /** All laws, and what the heap tells of itself against what is live; then a fresh object over the same bytes goes on. */
  verifyAll(): void {
    const { heap, live } = this;
    heap.check();
    const stats = heap.stats();
    const addresses = [...this.kept, ...live.map(({ address }) => address)];
    expect(stats.usedBlocks).toBe(addresses.length);
    let at = heap.base;
    const used: number[] = [];
    const aligns = new Map(live.map(({ address, align }) => [address, align > heap.alignment ? align : 0]));
    const bytes = { used: 0, free: 0, waiting: 0, bookkeeping: 0 };
    for (const { address, size, kind, align } of heap.walk()) {
      expect(address).toBe(at);
      at += size;
      bytes[kind] += size;
      if (kind === 'used') used.push(address);
      expect(align).toBe(aligns.get(address) ?? 0);
    }
    expect(at).toBe(heap.base + stats.capacity);
    expect(used).toEqual(addresses.sort((a, b) => a - b));
    expect(bytes).toEqual({
      used: stats.usedBytes,
      free: stats.freeBytes - stats.waitingBytes,
      waiting: stats.waitingBytes,
      bookkeeping: stats.bookkeepingBytes,
    });
    this.heap = Heap.attach(this.source, heap.base);
  }
}

const MiB = 2 ** 20;

/** What the heap lies in, and the bytes of the block that is kept. */
const MEMORIES: readonly (readonly [string, () => MemorySource, number])[] = [
  ['a small buffer', () => new ArrayBuffer(20_000), 1],
  ['a large buffer', () => new ArrayBuffer(MiB), 1],
  ['a growing buffer', () => new ArrayBuffer(1000, { maxByteLength: MiB }), 1],
  ['a growing shared buffer', () => new SharedArrayBuffer(1000, { maxByteLength: MiB }), 1],
  ['a WebAssembly memory', () => new WebAssembly.Memory({ initial: 0, maximum: 12 }), 1],
  ['a large heap', () => new ArrayBuffer(3 * MiB), MiB],
  ['a very large heap', () => new ArrayBuffer(18 * MiB), 16 * MiB],
];

const OPTIONS: readonly HeapOptions[] = [
  {},
  { alignment: 8 },
  { checked: false },
  { alignment: 8, checked: false, base: 333 },
];

describe.each(MEMORIES)('%s', (_what, make, keptBytes) => {
  it.each(OPTIONS)('%o', (options) => {
    const shadow = new Shadow(make(), options, 609_763, keptBytes);
    for (let i = 1; i <= 2000; i++) {
      shadow.step(((i >> 8) & 1) === 0);
      if (i % 80 === 0) shadow.verifyAll();
    }
    for (const block of shadow.live.splice(0)) {
      shadow.verify(block);
      shadow.heap.free(block.address);
    }
    shadow.verifyAll();
    for (const address of shadow.kept.splice(0)) shadow.heap.free(address);
    shadow.heap.trim();
    shadow.verifyAll();
    // Whatever was the case before, all is one piece again, but for the heap's own blocks.
    expect([...shadow.heap.walk()].filter(({ kind }) => kind === 'free').length).toBeLessThanOrEqual(3);
  });
});
