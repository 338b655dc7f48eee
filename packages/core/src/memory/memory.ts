/**
 * The bytes that a heap lives in, whoever owns them, and views of them that are never stale.
 *
 * An ArrayBuffer, a SharedArrayBuffer or a WebAssembly.Memory, fixed or growable, or a pair of functions for anything
 * else. Growth makes old views worthless (a WebAssembly.Memory detaches them: reads give undefined, writes vanish), so
 * `words` and `bytes` are made anew after each growth, whoever caused it, and listeners are told. Views have a fixed
 * length even over a resizable buffer: engines read length-tracking views at a fraction of the speed.
 *
 * Cost: `refresh` reads a length where growth detaches the old views, as in an unshared WebAssembly.Memory; elsewhere
 * it compares a buffer and a length. Growth makes two views and calls the listeners.
 */
import { checkBytes } from '../arguments.js';
import { display } from '../display.js';
import { INSPECT, summary } from '../summary.js';
import { JAVASCRIPTCORE } from './engine.js';

/** What a view lies on. */
export type Bytes = ArrayBuffer | SharedArrayBuffer;

/** What of a WebAssembly.Memory is used; named here because the library knows no DOM types. */
export interface WasmMemory<B extends Bytes = Bytes> {
  readonly buffer: B;
  /**
   * Adds pages of 64 KiB. One of 64-bit addresses takes and gives a bigint.
   * @returns the pages there were; throws a RangeError when it cannot
   */
  grow(pages: number): number;
}

/** Any other owner of bytes. */
export interface CustomMemory<B extends Bytes = Bytes> {
  /**
   * The bytes as they are now; may be another buffer after each growth. Where it changes in any other way than by `grow`
   * below, the old one must be detached, or `Memory.refresh` be called before the heap's next call.
   */
  buffer(): B;
  /**
   * Makes the memory at least `byteLength` long, contents kept. Nothing is assumed about what the new bytes hold.
   * A heap asks for a sixteenth of its size at once: one that has to copy for it does well to add half of what it has.
   * Left out: the memory does not grow.
   * @returns false when it cannot
   */
  grow?(byteLength: number): boolean;
}

export type MemorySource<B extends Bytes = Bytes> = B | WasmMemory<B> | CustomMemory<B>;

/** The buffer of a memory, or of what one is made of: `ArrayBuffer`, `SharedArrayBuffer`, or either. */
export type BufferOf<S> = S extends Bytes
  ? S
  : S extends { buffer(): infer B extends Bytes }
    ? B
    : S extends { readonly buffer: infer B extends Bytes }
      ? B
      : Bytes;

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
export class Memory<B extends Bytes = Bytes> {
  readonly source: MemorySource<B>;
  readonly kind: Kind;
  /**
   * Whether another buffer may come in place of the old one and leave views of that whole: of a custom memory, and of
   * what only looks like a WebAssembly.Memory, as where WebAssembly is compiled to JavaScript.
   */
  readonly replaces: boolean;
  /** All bytes as 32-bit words, a trailing partial word left out. What is past 4 GiB is left out of both views. */
  words: Int32Array;
  bytes: Uint8Array<B>;
  private readonly listeners = new Set<GrowthListener>();
  private knownBuffer: B;
  private knownByteLength: number;
  private knownShared: boolean;
  /** Whether views that are not detached are those of all bytes: nobody can make the memory longer and leave them whole. */
  private detaches: boolean;
  /** Whether `source` is a WebAssembly.Memory of 64-bit addresses, whose `grow` takes a bigint. */
  private wide = false;

  /** @throws TypeError where `source` is none of the kinds of memory */
  constructor(source: MemorySource<B>) {
    this.source = source;
    this.kind = kindOf(source);
    this.replaces =
      this.kind === 'custom' || (this.kind === 'wasm-memory' && !isClass(source, 'WebAssembly.Memory'));
    this.knownBuffer = checkBuffer(this.current());
    this.knownByteLength = this.knownBuffer.byteLength;
    this.knownShared = isShared(this.knownBuffer);
    this.detaches = this.detachesViews();
    this.words = wordsOf(this.knownBuffer);
    this.bytes = bytesOf(this.knownBuffer);
  }

  /** Bytes of the memory when it was last looked at. */
  get byteLength(): number {
    return this.knownByteLength;
  }

  /** The buffer of the current views. */
  get buffer(): B {
    return this.knownBuffer;
  }

  /** Whether other threads may see the same bytes. */
  get shared(): boolean {
    return this.knownShared;
  }

  /**
   * Whether growth is known to copy all bytes: worth asking for more at once. It is so of a WebAssembly.Memory in
   * JavaScriptCore (Safari, Bun), where the first eight that are alive grow in place and no other one does.
   */
  get growthCopies(): boolean {
    return JAVASCRIPTCORE && this.kind === 'wasm-memory' && this.detaches;
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
   * nobody did. What another thread adds to a shared WebAssembly.Memory, some engines show a while later.
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
    // To ask a WebAssembly.Memory for its buffer takes V8 20 to 60 ns, ten times as long as this.
    if (this.detaches && this.bytes.length !== 0) return false;
    const buffer = this.current();
    const old = this.knownByteLength;
    if (buffer === this.knownBuffer && buffer.byteLength === old) return false;
    this.knownBuffer = checkBuffer(buffer);
    this.knownByteLength = buffer.byteLength;
    this.knownShared = isShared(buffer);
    this.detaches = this.detachesViews();
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
      if (!isOfClass(error, 'RangeError')) throw error;
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

  private current(): B {
    const { source } = this;
    if (!('buffer' in source)) return source;
    return isCustom(source) ? source.buffer() : source.buffer;
  }

  private detachesViews(): boolean {
    const { kind, knownBuffer } = this;
    if (this.replaces) return false;
    if (isShared(knownBuffer)) return kind === 'shared-array-buffer' && !knownBuffer.growable;
    // That of a WebAssembly.Memory after its toResizableBuffer is lengthened in place.
    return !knownBuffer.resizable;
  }

  private get growable(): boolean {
    const { source } = this;
    if (isArrayBuffer(source)) return source.resizable;
    if (isShared(source)) return source.growable;
    return source.grow !== undefined;
  }

  private ask(byteLength: number): void {
    const { source } = this;
    if (isArrayBuffer(source)) resize((length) => source.resize(length), byteLength, source.maxByteLength);
    else if (isShared(source)) resize((length) => source.grow(length), byteLength, source.maxByteLength);
    else if (isCustom(source)) source.grow!(byteLength);
    else this.addPages(source, Math.ceil((byteLength - this.byteLength) / WASM_PAGE));
  }

  private addPages(source: WasmMemory, pages: number): void {
    if (!this.wide) {
      try {
        source.grow(pages);
        return;
      } catch (error) {
        // Nothing tells of 64-bit addresses but this.
        if (!isOfClass(error, 'TypeError')) throw error;
      }
      this.wide = true;
    }
    (source.grow as (pages: number | bigint) => unknown).call(source, BigInt(pages));
  }
}

/** The buffer that `toResizableBuffer` of a WebAssembly.Memory gives takes whole pages only. */
function resize(to: (byteLength: number) => void, byteLength: number, most: number): void {
  const pages = Math.ceil(byteLength / WASM_PAGE) * WASM_PAGE;
  try {
    to(byteLength);
  } catch (error) {
    if (!isOfClass(error, 'RangeError') || pages === byteLength || pages > most) throw error;
    to(pages);
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
  return isClass(source, 'ArrayBuffer');
}

function isShared(source: unknown): source is SharedArrayBuffer {
  return isClass(source, 'SharedArrayBuffer');
}

function isClass(source: unknown, name: string): boolean {
  return Object.prototype.toString.call(source) === `[object ${name}]`;
}

/** Also of another realm: that of the memory. */
function isOfClass(error: unknown, name: 'RangeError' | 'TypeError'): boolean {
  return typeof error === 'object' && error !== null && (error as Error).name === name;
}

/** @throws TypeError unless it is a buffer */
function checkBuffer<B extends Bytes>(buffer: B): B {
  if (isArrayBuffer(buffer) || isShared(buffer)) return buffer;
  refuseView(buffer);
  throw new TypeError(
    `the buffer of a memory must be an ArrayBuffer or a SharedArrayBuffer, got ${display(buffer)}`,
  );
}

// No bytes: also those of a buffer that was transferred, on which no view can be made.
function wordsOf(buffer: Bytes): Int32Array {
  const { byteLength } = buffer;
  if (byteLength === 0) return new Int32Array(0);
  return new Int32Array(buffer, 0, Math.floor(Math.min(byteLength, ADDRESSABLE) / 4));
}

function bytesOf<B extends Bytes>(buffer: B): Uint8Array<B> {
  const { byteLength } = buffer;
  if (byteLength === 0) return new Uint8Array(0) as Uint8Array<Bytes> as Uint8Array<B>;
  return new Uint8Array(buffer, 0, Math.min(byteLength, ADDRESSABLE));
}

/** The memory, or a new one of `source`. @throws TypeError where it is none of the kinds of memory */
export function memoryOf<S extends MemorySource | Memory>(source: S): Memory<BufferOf<S>> {
  const memory: Memory = source instanceof Memory ? source : new Memory(source);
  return memory as Memory<BufferOf<S>>;
}
