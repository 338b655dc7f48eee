/** The heap from a thousand to ten million live blocks. */
import { Random } from '@freehold/lab';
import { freehold } from '../heap/freehold.js';
import type { Malloc } from '../heap/replay.js';
import { find, type Goal, type Job, ns, processorTime, type Result, type Suite } from '../suite.js';

const POINTS = [1000, 10_000, 100_000, 1_000_000, 10_000_000];
const SHORT_POINTS = [1000, 10_000];
const HEAP = 'heap';
/** What any allocator must touch that keeps free blocks in a list: a word of the block, and nothing else. */
const LIST = 'list';
const SIZE_MAX = 128;
const SIZES = 2 ** 16;
/** Blocks among which one is replaced that was allocated lately. */
const RECENT = 1000;
/** Single calls of which the 99.9th percentile is taken. */
const CALLS = 1_000_000;

/** Which live block is freed next. */
const ORDERS = ['recent', 'oldest', 'random'];
const SLOW_CALL = 'random, p99.9';

export const heapScale: Suite = {
  id: 'heap-scale',
  title: 'The heap as live blocks become many, ns an operation',
  method: `n live blocks of 1 to ${SIZE_MAX} bytes; one of them is freed and another of random size allocated in its place, one byte
written into it, over and over. An operation is one free or one malloc; time is
processor time. Which one is freed: one of the ${RECENT} youngest, the
oldest, or any at random. \`list\` is what the memory of the machine costs by itself: blocks of one size in a linked list, a
word read and written in each, without any other bookkeeping. *p99.9* is of ${CALLS.toLocaleString('en-GB')} single calls, those left out in which the memory
grew; reading the clock is contained.`,
  jobs: (short) =>
    (short ? SHORT_POINTS : POINTS).flatMap((blocks) => [
      ...ORDERS.flatMap((order) =>
        [HEAP, LIST].map((contender): Job => ({ contender, at: { blocks, order } })),
      ),
      { contender: HEAP, at: { blocks, order: SLOW_CALL } },
    ]),
  async measure({ contender, at }, short) {
    const churn = new Churn(contender, Number(at['blocks']), String(at['order']));
    const rounds = short ? 100_000 : 2_000_000;
    churn.replace(Math.max(100_000, Math.min(churn.blocks, rounds)));
    if (at['order'] === SLOW_CALL) return churn.slowCall(short ? 10_000 : CALLS);
    const before = processorTime();
    churn.replace(rounds);
    return (processorTime() - before) / (2 * rounds);
  },
  tables: (results) => [
    {
      head: ['live blocks', ...ORDERS.flatMap((order) => [order, LIST]), SLOW_CALL],
      rows: pointsOf(results).map((blocks) => [
        blocks.toLocaleString('en-GB'),
        ...ORDERS.flatMap((order) =>
          [HEAP, LIST].map((contender) => ns(at(results, contender, blocks, order))),
        ),
        ns(at(results, HEAP, blocks, SLOW_CALL)),
      ]),
    },
  ],
  goals(results) {
    const flat = (contender: string, order: string) => {
      const medians = pointsOf(results).map((blocks) => at(results, contender, blocks, order));
      return Math.max(...medians) / Math.min(...medians);
    };
    const slowest = Math.max(...pointsOf(results).map((blocks) => at(results, HEAP, blocks, SLOW_CALL)));
    return [
      ...ORDERS.map(
        (order): Goal => ({
          goal: `flat within 2 × where the block freed is ${order === 'random' ? 'any' : `among the ${order}`}`,
          met: flat(HEAP, order) <= 2,
          found: `${flat(HEAP, order).toFixed(2)} × (list: ${flat(LIST, order).toFixed(2)} ×)`,
        }),
      ),
      {
        goal: '99.9 % of single calls in at most 5 µs, growth apart',
        met: slowest <= 5000,
        found: `${ns(slowest)} ns at worst`,
      },
    ];
  },
};

function pointsOf(results: readonly Result[]): number[] {
  return [...new Set(results.map(({ at }) => Number(at['blocks'])))];
}

function at(results: readonly Result[], contender: string, blocks: number, order: string): number {
  const ofOrder = results.filter((each) => each.at['order'] === order);
  return find(ofOrder, contender, 'blocks', blocks).median;
}

/** Live blocks, one after another replaced. */
class Churn {
  readonly blocks: number;
  readonly #malloc: Pick<Malloc, 'malloc' | 'free'>;
  readonly #memory: { readonly bytes: Uint8Array };
  readonly #live: Uint32Array;
  readonly #random = new Random(7);
  readonly #sizes: Uint16Array;
  readonly #order: string;
  #turn = 0;

  constructor(contender: string, blocks: number, order: string) {
    const peer = contender === LIST ? list(blocks) : freehold({ zeroed: true });
    this.blocks = blocks;
    this.#malloc = peer.malloc;
    this.#memory = peer.memory;
    this.#order = order;
    this.#live = new Uint32Array(blocks);
    this.#sizes = Uint16Array.from({ length: SIZES }, () => 1 + this.#random.below(SIZE_MAX));
    for (let which = 0; which < blocks; which++) this.#allocate(which);
  }

  /** Replaces so many, one at a time. */
  replace(count: number): void {
    for (let i = 0; i < count; i++) {
      const which = this.#which();
      this.#malloc.free(this.#live[which]!);
      this.#allocate(which);
    }
  }

  slowCall(count: number): number {
    const times = new Float64Array(count);
    for (let i = 0; i < count; ) {
      const which = this.#which();
      const { bytes } = this.#memory;
      const begin = performance.now();
      this.#malloc.free(this.#live[which]!);
      const freed = performance.now();
      this.#allocate(which);
      const end = performance.now();
      if (this.#memory.bytes !== bytes) continue;
      times[i++] = freed - begin;
      times[i++] = end - freed;
    }
    return times.sort()[Math.floor(0.999 * count)]! * 1e6;
  }

  #allocate(which: number): void {
    const address = this.#malloc.malloc(this.#sizes[this.#turn++ % SIZES]!);
    this.#memory.bytes[address] = 1;
    this.#live[which] = address;
  }

  #which(): number {
    if (this.#order === 'oldest') return this.#turn % this.blocks;
    if (this.#order === 'recent') return this.blocks - 1 - this.#random.below(Math.min(RECENT, this.blocks));
    return this.#random.below(this.blocks);
  }
}

/** Blocks of one size, the free ones in a linked list, each holding the address of the next. */
function list(blocks: number) {
  const cell = SIZE_MAX / 2;
  const bytes = new Uint8Array((blocks + 2) * cell);
  const words = new Uint32Array(bytes.buffer);
  let head = 0;
  let top = cell;
  return {
    memory: { bytes },
    malloc: {
      malloc(): number {
        if (head === 0) {
          top += cell;
          return top - cell;
        }
        const address = head;
        head = words[address >>> 2]!;
        return address;
      },
      free(address: number): void {
        words[address >>> 2] = head;
        head = address;
      },
    },
  };
}
