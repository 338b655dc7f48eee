/**
 * heaptrack --raw, version 3: `+ size trace ptr` and `- ptr`, in hexadecimal without 0x; realloc is `-` and then `+`. The
 * other lines tell of modules, stacks, times and the process. `X`, its command line, may have line breaks in it, and ends
 * where `I`, the size of pages, is told.
 */
import type { Cursor } from './cursor.js';
import type { TraceFormat } from './format.js';
import { RecordingReader } from './recording-reader.js';

/** Allocations among which the one is that libstdc++ makes as it is loaded. */
const EARLY = 64;

export const heaptrack: TraceFormat = {
  id: 'heaptrack',
  title: 'heaptrack --raw',
  limits:
    'heaptrack tells no callocs, alignments, reallocs (each is a free and an allocation) and threads; it misses memalign, pvalloc and realloc(p, 0)',
  detect: (head) =>
    /^v [0-9a-f]+ [0-9a-f]+\s*$/.test(head.lines[0] ?? '')
      ? head.count(/^(?:v|x|X|I|m|t|c|R|A|#)\b|^\+ [0-9a-f]+ [0-9a-f]+ [0-9a-f]+\s*$|^- [0-9a-f]+\s*$/)
      : 0,
  read: (builder, file) => new HeaptrackReader(builder, file),
};

class HeaptrackReader extends RecordingReader {
  #inCommand = false;
  #allocations = 0;
  /** Addresses that called, by the number of the stack, while the first allocations are made; exact below 2^53. */
  #callers: number[] = [0];
  readonly #libstdcxx = new Ranges();

  protected record(cursor: Cursor): void {
    if (this.#inCommand) this.#command(cursor);
    else if (cursor.take('- ')) this.#free(cursor);
    else if (cursor.take('+ ')) this.#allocation(cursor);
    else {
      this.builder.skipLine();
      if (cursor.take('X ')) this.#inCommand = true;
      else if (cursor.take('A')) this.builder.remark('heaptrack was attached to a running program');
      else if (this.#allocations < EARLY) this.#origin(cursor);
    }
  }

  protected override finish(): void {
    if (this.#inCommand) this.failAtEnd("the file ends within the command line, 'X', before 'I'");
  }

  #command(cursor: Cursor): void {
    this.builder.skipLine();
    if (cursor.take('I ') && cursor.hex() && cursor.spaces().hex() && cursor.spaces().done)
      this.#inCommand = false;
  }

  #free(cursor: Cursor): void {
    if (!cursor.hex()) this.fail("an address after '-'");
    const { high, low } = cursor;
    if (!cursor.spaces().done) this.fail('the end of the line');
    this.builder.free(high, low);
  }

  #allocation(cursor: Cursor): void {
    if (!cursor.hex() || cursor.high >= 2 ** 21) this.fail("a size after '+'");
    const bytes = cursor.value;
    if (!cursor.spaces().hex()) this.fail("a stack's number after the size");
    const stack = cursor.value;
    if (!cursor.spaces().hex()) this.fail("an address after the stack's number");
    const { high, low } = cursor;
    if (!cursor.spaces().done) this.fail('the end of the line');
    this.builder.allocate(high, low, bytes);
    if (++this.#allocations <= EARLY) this.#early(stack, high, low, bytes);
  }

  /** `t ip parent`, the next stack; `m length path start 0 …`, a module. */
  #origin(cursor: Cursor): void {
    if (cursor.take('t ') && cursor.hex()) this.#callers.push(cursor.value);
    else if (cursor.take('m ') && cursor.skipPast('/libstdc++.so') && cursor.skipPast(' ')) {
      if (cursor.hex()) this.#libstdcxx.read(cursor);
    }
  }

  /** libstdc++ keeps memory for exceptions that are thrown when there is none: heaptrack loads it into every program. */
  #early(stack: number, high: number, low: number, bytes: number): void {
    if (!this.#libstdcxx.has(this.#callers[stack] ?? 0)) return;
    this.builder.recorderBlock(high, low, bytes);
    this.#allocations = EARLY;
  }
}

/** Where a module lies. */
class Ranges {
  readonly #ranges: { readonly from: number; readonly to: number }[] = [];

  /** Pairs of an offset and a length, from the number on that the cursor took last. */
  read(cursor: Cursor): void {
    const base = cursor.value;
    while (cursor.spaces().hex()) {
      const from = base + cursor.value;
      if (!cursor.spaces().hex()) return;
      this.#ranges.push({ from, to: from + cursor.value });
    }
  }

  has(address: number): boolean {
    return this.#ranges.some(({ from, to }) => address >= from && address < to);
  }
}
