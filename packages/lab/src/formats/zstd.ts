/**
 * Unpacks Zstandard (RFC 8878) as a stream. fzstd decodes the blocks; the frames around them, and the window of bytes
 * that blocks refer back to, are here. fzstd's own frames keep the whole window they declare, from the first block on,
 * and shift all of it after each block: a file of 564 bytes takes a gigabyte, and a block of four bytes the time to
 * move 128 MiB. Here a window takes no more memory than twice the bytes that have come, and each byte is moved at most
 * twice. Time and memory are those of the bytes that come out, of which at most a few blocks wait.
 */
import { Decompress } from 'fzstd';
import { TraceFormatError } from './errors.js';
import type { PeekableChunks } from './peekable-chunks.js';

/** What `zstd -d` allows where it is not told otherwise: `zstd --long=27`. */
export const ZSTD_WINDOW_BYTES = 2 ** 27;
/** `zstd --long=31`: the largest window that zstd makes. */
export const ZSTD_WINDOW_BYTES_MAX = 2 ** 31;

const FRAME_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a5;
/** The magic number, the descriptor, and each field of a frame header at its longest. */
const HEADER_BYTES_MAX = 18;
const BLOCK_BYTES_MAX = 2 ** 17;
const BLOCK_RAW = 0;
const BLOCK_RLE = 1;
const BLOCK_RESERVED = 3;
/** Blocks may be of a few bytes; that many are handed on together. */
const PIECE_BYTES = 2 ** 16;

/** A frame of a window of 128 KiB, its fields as long as they can be: fzstd waits for so many bytes. */
const FZSTD_HEADER = new Uint8Array(HEADER_BYTES_MAX);
FZSTD_HEADER.set([0x28, 0xb5, 0x2f, 0xfd, 0b1100_0011, 7 << 3]);

/** @throws TraceFormatError where the data is damaged, ends early, or declares a window of over `windowMax` bytes */
export async function* unzstd(
  chunks: PeekableChunks,
  file: string,
  windowMax: number,
): AsyncIterable<Uint8Array> {
  const input = new Input(chunks, file);
  while (!(await input.ended())) {
    const magic = uint(await input.need(4), 0, 4);
    if (magic >>> 4 === SKIPPABLE_MAGIC) await input.discard(8 + uint(await input.need(8), 4, 4));
    else if (magic === FRAME_MAGIC) yield* unpackFrame(input, windowMax);
    else input.fail('a frame begins with other bytes than a frame does');
  }
}

async function* unpackFrame(input: Input, windowMax: number): AsyncIterable<Uint8Array> {
  const descriptor = (await input.need(5))[4]!;
  const length = headerBytes(descriptor);
  const header = await input.need(length);
  const windowBytes = windowOf(header, descriptor);
  if (windowBytes > windowMax) input.failWindow(windowBytes, windowMax);
  if ((descriptor & 0b1000) !== 0) input.fail('a reserved bit is set');
  if (uint(header, dictionaryAt(descriptor), DICTIONARY_BYTES[descriptor & 3]!) !== 0)
    input.fail('it was packed with a dictionary, which is not there');
  input.skip(length);
  const blocks = new Blocks(windowBytes);
  for (let last = false; !last; ) {
    const block = uint(await input.need(3), 0, 3);
    last = (block & 1) === 1;
    const type = (block >> 1) & 3;
    const size = block >>> 3;
    if (type === BLOCK_RESERVED) input.fail('a block of an unknown type');
    if (size > BLOCK_BYTES_MAX) input.fail(`a block of over ${BLOCK_BYTES_MAX} bytes`);
    const packed = 3 + (type === BLOCK_RLE ? 1 : size);
    const bytes = await input.need(packed);
    input.skip(packed);
    if (type === BLOCK_RAW) blocks.append(bytes.subarray(3));
    else if (type === BLOCK_RLE) blocks.append(new Uint8Array(size).fill(bytes[3]!));
    else input.decode(() => blocks.decode(bytes));
    if (last || blocks.waitingBytes >= PIECE_BYTES) yield blocks.take();
  }
  const hasChecksum = (descriptor & 0b100) !== 0;
  if (hasChecksum) await input.discard(4);
}

const DICTIONARY_BYTES = [0, 1, 2, 4];

function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 0b10_0000) !== 0;
}

function dictionaryAt(descriptor: number): number {
  return isSingleSegment(descriptor) ? 5 : 6;
}

function contentSizeBytes(descriptor: number): number {
  const flag = descriptor >>> 6;
  return flag > 0 ? 2 ** flag : isSingleSegment(descriptor) ? 1 : 0;
}

function headerBytes(descriptor: number): number {
  return dictionaryAt(descriptor) + DICTIONARY_BYTES[descriptor & 3]! + contentSizeBytes(descriptor);
}

/** What the header declares; the size of the content where the frame is a single segment. */
function windowOf(header: Uint8Array, descriptor: number): number {
  if (isSingleSegment(descriptor)) {
    const bytes = contentSizeBytes(descriptor);
    return uint(header, headerBytes(descriptor) - bytes, bytes) + (bytes === 2 ? 256 : 0);
  }
  const base = 2 ** (10 + (header[5]! >>> 3));
  return base + (base / 8) * (header[5]! & 7);
}

/** Little-endian, exact below 2^53. */
function uint(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = length - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

/** The packed bytes, with errors that tell how far they were read. */
class Input {
  readonly #chunks: PeekableChunks;
  readonly #file: string;
  #taken = 0;

  constructor(chunks: PeekableChunks, file: string) {
    this.#chunks = chunks;
    this.#file = file;
  }

  async ended(): Promise<boolean> {
    return (await this.#chunks.peek(1)).length === 0;
  }

  /** The next `count` bytes, which stay. @throws TraceFormatError where there are fewer */
  async need(count: number): Promise<Uint8Array> {
    const bytes = await this.#chunks.peek(count);
    if (bytes.length < count) {
      throw new TraceFormatError(
        this.#file,
        `the zstd data ends early, at byte ${this.#taken + bytes.length} of it: the file was cut off`,
      );
    }
    return bytes;
  }

  /** Passes over bytes that `need` gave. */
  skip(count: number): void {
    this.#chunks.skip(count);
    this.#taken += count;
  }

  async discard(count: number): Promise<void> {
    for (let left = count; left > 0; ) {
      const part = Math.min(left, PIECE_BYTES);
      await this.need(part);
      this.skip(part);
      left -= part;
    }
  }

  decode(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  fail(problem: string): never {
    throw new TraceFormatError(
      this.#file,
      `the zstd data is damaged at or before byte ${this.#taken} of it (${problem})`,
    );
  }

  failWindow(windowBytes: number, windowMax: number): never {
    const wanted = Math.ceil(windowBytes / 2 ** 20);
    const may = windowBytes <= ZSTD_WINDOW_BYTES_MAX;
    throw new TraceFormatError(
      this.#file,
      `the zstd data wants a window of ${wanted} MiB, more than ${Math.floor(windowMax / 2 ** 20)} MiB; ${
        may ? `--zstd-window ${wanted}MiB lets it, and takes twice that memory` : 'unpack it first'
      }`,
    );
  }
}

/** What fzstd keeps of a frame: the bytes that a block refers back to, the last of them before `e`. */
interface FzstdFrame {
  w: Uint8Array;
  e: number;
}

/** The content of one frame: the bytes of its window, and those that are still to be handed on. */
class Blocks {
  readonly #windowBytes: number;
  readonly #capacityMax: number;
  #bytes = new Uint8Array(0);
  #end = 0;
  waitingBytes = 0;
  readonly #decoder = new Decompress((block) => {
    // fzstd shifts its window now, and puts the block at its end: that is the block itself then.
    this.#frame.w = block;
    this.append(block);
  });

  constructor(windowBytes: number) {
    this.#windowBytes = windowBytes;
    this.#capacityMax = 2 * windowBytes + 2 * BLOCK_BYTES_MAX;
  }

  append(block: Uint8Array): void {
    if (this.#end + block.length > this.#bytes.length) this.#makeRoom(block.length);
    this.#bytes.set(block, this.#end);
    this.#end += block.length;
    this.waitingBytes += block.length;
  }

  /** Appends what a compressed block, its header included, unpacks to. */
  decode(block: Uint8Array): void {
    // Private to fzstd 0.1.1, whose version package.json therefore fixes.
    if (this.#decoder['s'] === undefined) this.#decoder.push(FZSTD_HEADER);
    this.#frame.w = this.#bytes;
    this.#frame.e = this.#end;
    this.#decoder.push(block);
    // An empty view of the block, with all its memory, for each block there was.
    (this.#decoder['c'] as Uint8Array[]).length = 0;
  }

  /** A copy of what has been appended since it was called last. */
  take(): Uint8Array {
    const bytes = this.#bytes.slice(this.#end - this.waitingBytes, this.#end);
    this.waitingBytes = 0;
    return bytes;
  }

  get #frame(): FzstdFrame {
    return this.#decoder['s'] as FzstdFrame;
  }

  #makeRoom(bytes: number): void {
    const kept = Math.min(this.#end, Math.max(this.#windowBytes, this.waitingBytes));
    const old = this.#bytes.subarray(this.#end - kept, this.#end);
    if (this.#bytes.length < this.#capacityMax) {
      const wanted = Math.max(2 * this.#bytes.length, PIECE_BYTES, kept + bytes);
      this.#bytes = new Uint8Array(Math.min(wanted, this.#capacityMax));
    }
    this.#bytes.set(old);
    this.#end = kept;
  }
}
