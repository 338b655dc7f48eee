/**
 * The bytes that a heap lives in, whoever owns them, and views of them that are never stale.
 *
 * An ArrayBuffer, a SharedArrayBuffer or a WebAssembly.Memory, fixed or growable, or a pair of functions for anything
 * else. Growth makes old views worthless (a WebAssembly.Memory detaches them: reads give undefined, writes vanish), so
 * `words` and `bytes` are made anew after each growth, whoever caused it, and listeners are told. Views have a fixed
 * length even over a resizable buffer: engines read length-tracking views at a fraction of the speed.
 *
 * Cost: `refresh` compares a buffer and a length; growth makes two views and calls the listeners.
 */
import { checkBytes } from '../arguments.js';
import { display } from '../display.js';
import { INSPECT, summary } from '../summary.js';

/** What of a WebAssembly.Memory is used; named here because the library knows no DOM types. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages of 64 KiB. @returns the pages there were; throws a RangeError when it cannot */
  grow(pages: number): number;
}

/** Any other owner of bytes. */
export interface CustomMemory {
  /**
   * The bytes as they are now; may be another buffer after each growth. Where it changes in any other way than by `grow`
   * below, the old one must be detached, or `Memory.refresh` be called before the heap's next call.
   */
  buffer(): ArrayBuffer | SharedArrayBuffer;
  /**
   * Makes the memory at least `byteLength` long, contents kept. Nothing is assumed about what the new bytes hold.
   * Left out: the memory does not grow.
   * @returns false when it cannot
   */
  grow?(byteLength: number): boolean;
}

export type MemorySource = ArrayBuffer | SharedArrayBuffer | WasmMemory | CustomMemory;

/** Hears that the memory is now `byteLength` long: every view made before is worthless. */
export type GrowthListener = (oldByteLength: number, byteLength: number) => void;

const WASM_PAGE = 65536;
/** The most bytes a heap can address: 32-bit pointers. */
export const ADDRESSABLE = 2 ** 32;

type Kind = 'array-buffer' | 'shared-array-buffer' | 'wasm-memory' | 'custom';

/**
 * The bytes a heap lives in, whoever owns them: views that are made anew after each growth, and listeners that hear
 * of it. Several heaps in one memory share one of these.
 * @example
 * ```js
 * const memory = new Memory(new ArrayBuffer(65536));
 * const low = Heap.create(memory, { limit: 32768 });
 * const high = Heap.create(memory, { base: 32768 });
 * [low.malloc(100) < 32768, high.malloc(100) > 32768];   // => [true, true]
 * new Memory(new Uint8Array(100));   // => throws TypeError: must be a buffer
 * ```
 */
export class Memory {
  readonly source: MemorySource;
  readonly kind: Kind;
  /** All bytes as 32-bit words, a trailing partial word left out. What is past 4 GiB is left out of both views. */
  words: Int32Array;
  bytes: Uint8Array;
  private readonly listeners = new Set<GrowthListener>();
  private knownBuffer: ArrayBuffer | SharedArrayBuffer;
  private knownByteLength: number;

  /** @throws TypeError where `source` is none of the kinds of memory */
  constructor(source: MemorySource) {
    this.source = source;
    this.kind = kindOf(source);
    this.knownBuffer = checkBuffer(this.current());
    this.knownByteLength = this.knownBuffer.byteLength;
    this.words = wordsOf(this.knownBuffer);
    this.bytes = bytesOf(this.knownBuffer);
  }

  /** Bytes of the memory when it was last looked at. */
  get byteLength(): number {
    return this.knownByteLength;
  }

  /** The buffer of the current views. */
  get buffer(): ArrayBuffer | SharedArrayBuffer {
    return this.knownBuffer;
  }

  /** Whether other threads may see the same bytes. */
  get shared(): boolean {
    return isShared(this.knownBuffer);
  }

  /** Bytes that the memory can ever have, where it tells; Infinity where it does not. */
  get maxByteLength(): number {
    if (this.kind === 'wasm-memory') return ADDRESSABLE;
    if (!this.growable) return this.byteLength;
    return this.kind === 'custom' ? Number.POSITIVE_INFINITY : this.knownBuffer.maxByteLength;
  }

  /**
   * Calls `listener` with the old and the new length, in bytes, after every growth that this object sees. What it
   * throws, whoever made the memory grow gets, once all others have been called.
   * @returns a function that ends it
   * @throws TypeError when `listener` is not a function
   * @example
   * ```js
   * const memory = new Memory(new WebAssembly.Memory({ initial: 1 }));
   * const heard = [];
   * const end = memory.onGrow((old, now) => heard.push([old, now]));
   * memory.grow(100_000);
   * end();
   * heard;   // => [[65536, 131072]]
   * ```
   */
  onGrow(listener: GrowthListener): () => void {
    if (typeof listener !== 'function') {
      throw new TypeError(`a listener of growth must be a function, got ${display(listener)}`);
    }
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  /**
   * Makes the views anew where somebody changed the memory's length, and tells the listeners. A comparison where
   * nobody did.
   * @returns whether they were made anew
   * @example
   * ```js
   * const wasm = new WebAssembly.Memory({ initial: 1 });
   * const memory = new Memory(wasm);
   * // As the module itself may do at any time: the old views are detached.
   * wasm.grow(1);
   * memory.bytes.length;   // => 0
   * memory.refresh();   // => true
   * memory.bytes.length;   // => 131072
   * ```
   */
  refresh(): boolean {
    const buffer = this.current();
    const old = this.knownByteLength;
    if (buffer === this.knownBuffer && buffer.byteLength === old) return false;
    this.knownBuffer = checkBuffer(buffer);
    this.knownByteLength = buffer.byteLength;
    this.words = wordsOf(buffer);
    this.bytes = bytesOf(buffer);
    this.tell(old, buffer.byteLength);
    return true;
  }

  /**
   * Makes the memory at least `byteLength` bytes long, contents kept; one that is so already is left alone. A
   * WebAssembly.Memory grows by whole pages of 64 KiB.
   * @returns false where it cannot, or beyond 4 GiB; it is unchanged then
   * @throws RangeError unless `byteLength` is a whole number from 0 up
   * @example
   * ```js
   * const memory = new Memory(new ArrayBuffer(1024, { maxByteLength: 4096 }));
   * memory.grow(4000);   // => true
   * memory.byteLength;   // => 4000
   * memory.grow(5000);   // => false
   * new Memory(new ArrayBuffer(1024)).grow(1025);   // => false
   * ```
   */
  grow(byteLength: number): boolean {
    checkBytes('byteLength', byteLength, 0, Number.MAX_SAFE_INTEGER);
    this.refresh();
    if (byteLength <= this.byteLength) return true;
    if (byteLength > ADDRESSABLE || !this.growable) return false;
    try {
      this.ask(byteLength);
    } catch (error) {
      // Engines throw a RangeError for a maximum reached and for a lack of memory alike.
      if (!(error instanceof RangeError)) throw error;
    }
    // Whatever a custom memory says: its buffer may be another one now.
    this.refresh();
    return this.byteLength >= byteLength;
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * JSON.stringify(new Memory(new ArrayBuffer(8)));   // => '{"kind":"array-buffer","byteLength":8,"shared":false}'
   * ```
   */
  toJSON(): object {
    return { kind: this.kind, byteLength: this.byteLength, shared: this.shared };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }

  private tell(old: number, byteLength: number): void {
    const errors: unknown[] = [];
    for (const listener of [...this.listeners]) {
      try {
        listener(old, byteLength);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  private current(): ArrayBuffer | SharedArrayBuffer {
    const { source } = this;
    if (!('buffer' in source)) return source;
    return isCustom(source) ? source.buffer() : source.buffer;
  }

  private get growable(): boolean {
    const { source } = this;
    if (isArrayBuffer(source)) return source.resizable;
    if (isShared(source)) return source.growable;
    return source.grow !== undefined;
  }

  private ask(byteLength: number): void {
    const { source } = this;
    if (isArrayBuffer(source)) source.resize(byteLength);
    else if (isShared(source)) source.grow(byteLength);
    else if (isCustom(source)) source.grow!(byteLength);
    else source.grow(Math.ceil((byteLength - this.byteLength) / WASM_PAGE));
  }
}

function kindOf(source: MemorySource): Kind {
  if (isArrayBuffer(source)) return 'array-buffer';
  if (isShared(source)) return 'shared-array-buffer';
  refuseView(source);
  if (typeof source === 'object' && source !== null && 'buffer' in source) {
    return isCustom(source) ? 'custom' : 'wasm-memory';
  }
  throw new TypeError(
    `memory must be an ArrayBuffer, a SharedArrayBuffer, a WebAssembly.Memory or { buffer(), grow?() }, got ${display(source)}`,
  );
}

/** A view has a buffer as a WebAssembly.Memory has one, but it is a part of that, and others may have the rest. */
function refuseView(source: unknown): void {
  if (!ArrayBuffer.isView(source)) return;
  throw new TypeError(
    `memory must be a buffer, not a ${source.constructor.name} on a part of one: copy it into a buffer of its own, view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength)`,
  );
}

function isCustom(source: WasmMemory | CustomMemory): source is CustomMemory {
  return typeof source.buffer === 'function';
}

// By name: what comes out of a frame or a virtual machine's context has other constructors, and browsers without
// cross-origin isolation have no SharedArrayBuffer at all.
function isArrayBuffer(source: unknown): source is ArrayBuffer {
  return Object.prototype.toString.call(source) === '[object ArrayBuffer]';
}

function isShared(source: unknown): source is SharedArrayBuffer {
  return Object.prototype.toString.call(source) === '[object SharedArrayBuffer]';
}

/** @throws TypeError unless it is a buffer */
function checkBuffer(buffer: ArrayBuffer | SharedArrayBuffer): ArrayBuffer | SharedArrayBuffer {
  if (isArrayBuffer(buffer) || isShared(buffer)) return buffer;
  refuseView(buffer);
  throw new TypeError(
    `the buffer of a memory must be an ArrayBuffer or a SharedArrayBuffer, got ${display(buffer)}`,
  );
}

// No bytes: also those of a buffer that was transferred, on which no view can be made.
function wordsOf(buffer: ArrayBuffer | SharedArrayBuffer): Int32Array {
  const { byteLength } = buffer;
  if (byteLength === 0) return new Int32Array(0);
  return new Int32Array(buffer, 0, Math.floor(Math.min(byteLength, ADDRESSABLE) / 4));
}

function bytesOf(buffer: ArrayBuffer | SharedArrayBuffer): Uint8Array {
  const { byteLength } = buffer;
  if (byteLength === 0) return new Uint8Array(0);
  return new Uint8Array(buffer, 0, Math.min(byteLength, ADDRESSABLE));
}
