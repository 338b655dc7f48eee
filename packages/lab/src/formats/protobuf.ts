/**
 * malloc-bench's protobuf, and freehold's own format for what it writes. proto2, every field optional:
 *
 *     Tracefile { repeated TraceLine lines = 1; uint64 max_simultaneous_allocs = 2; }
 *     TraceLine { oneof { Malloc malloc = 1; Free free = 2; Realloc realloc = 3; Calloc calloc = 4; } }
 *     Malloc    { result_id = 1; input_size = 2; input_alignment = 3; }
 *     Free      { input_id = 1; input_size_hint = 2; input_alignment_hint = 3; }
 *     Realloc   { result_id = 1; input_id = 2; input_size = 3; }
 *     Calloc    { result_id = 1; input_nmemb = 2; input_size = 3; }
 *
 * A missing id is a null pointer. So a Malloc without result_id failed; a Realloc without input_id allocates, one
 * without result_id frees if its size is 0 and failed otherwise. A Realloc to 0 bytes with a result_id keeps its
 * block: that library gave out blocks of 0 bytes.
 *
 * pbf decodes the fields; the framing is here, because a recording need not fit into memory.
 */
import { PbfReader } from 'pbf';
import { ALIGN_MAX, TraceBuilder } from '../trace/builder.js';
import { quote, TraceFormatError } from './errors.js';
import type { Head, TraceFormat, TraceReader } from './format.js';
import { protobufWriter } from './protobuf-writer.js';

const LINES = 0x0a;
const MAX_SIMULTANEOUS = 0x10;

const MALLOC = 1;
const FREE = 2;
const REALLOC = 3;
const CALLOC = 4;

/** Longer than any message of the schema: what says it is longer is damaged. */
const MESSAGE_BYTES_MAX = 4096;

export const protobuf: TraceFormat = {
  id: 'protobuf',
  title: 'malloc-bench protobuf, and what freehold writes',
  detect: countMessages,
  read: (builder, file) => new ProtobufReader(builder, file),
  writer: protobufWriter,
};

/** How many calls the head holds before it breaks off: one message well formed to its last bit is proof enough. */
function countMessages(head: Head): number {
  const builder = new TraceBuilder();
  try {
    new ProtobufReader(builder, '').push(head.bytes);
  } catch (error) {
    if (!(error instanceof TraceFormatError)) throw error;
  }
  return builder.length;
}

class ProtobufReader implements TraceReader {
  readonly #builder: TraceBuilder;
  readonly #file: string;
  /** The start of a message whose end has not come yet. */
  #rest = new Uint8Array(0);
  /** Where the buffer being read begins in the file. */
  #offset = 0;

  constructor(builder: TraceBuilder, file: string) {
    this.#builder = builder;
    this.#file = file;
  }

  push(chunk: Uint8Array): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = new Uint8Array(this.#rest.length + chunk.length);
      bytes.set(this.#rest);
      bytes.set(chunk, this.#rest.length);
    }
    const pbf = new PbfReader(bytes);
    const read = this.#readMessages(pbf);
    this.#rest = bytes.slice(read);
    this.#offset += read;
  }

  end(): void {
    if (this.#rest.length === 0) return;
    throw new TraceFormatError(
      this.#file,
      `the file ends in the middle of a message; it was cut off (${this.#rest.length} bytes left over)`,
      { offset: this.#offset },
    );
  }

  /** Reads every message that is complete; returns where the first that is not begins. */
  #readMessages(pbf: PbfReader): number {
    const bytes = pbf.buf;
    const end = bytes.length;
    for (;;) {
      const start = pbf.pos;
      if (start >= end) return start;
      const tag = bytes[start]!;
      if (tag !== LINES && tag !== MAX_SIMULTANEOUS) {
        this.#fail(bytes, start, 'a TraceLine (byte 0x0a) or max_simultaneous_allocs (0x10)');
      }
      // A varint has at most ten bytes; nearer to the end than that, look whether this one is whole.
      if (end - start <= 10 && !hasVarint(bytes, start + 1)) return start;
      pbf.pos = start + 1;
      const value = this.#varint(pbf, start);
      if (tag === MAX_SIMULTANEOUS) continue;
      if (value > MESSAGE_BYTES_MAX)
        this.#fail(bytes, start, `a TraceLine of at most ${MESSAGE_BYTES_MAX} bytes`);
      if (pbf.pos + value > end) {
        return start;
      }
      this.#readLine(pbf, pbf.pos + value, start);
    }
  }

  #readLine(pbf: PbfReader, end: number, start: number): void {
    while (pbf.pos < end) {
      const tag = this.#varint(pbf, start);
      const kind = tag >>> 3;
      if ((tag & 7) === 2 && kind >= MALLOC && kind <= CALLOC) {
        const callEnd = this.#varint(pbf, start) + pbf.pos;
        if (callEnd > end) break;
        this.#readCall(pbf, kind, callEnd, start);
      } else {
        this.#skip(pbf, tag, start);
      }
    }
    if (pbf.pos !== end) this.#fail(pbf.buf, start, 'a TraceLine of the length it gives');
  }

  #readCall(pbf: PbfReader, kind: number, end: number, start: number): void {
    // Value and place of each field; a place of 0 where it is missing (there is always a tag before it).
    let first = 0;
    let firstAt = 0;
    let second = 0;
    let secondAt = 0;
    let third = 0;
    while (pbf.pos < end) {
      const tag = this.#varint(pbf, start);
      const at = pbf.pos;
      if (tag === 0x08) {
        first = this.#varint(pbf, start);
        firstAt = at;
      } else if (tag === 0x10) {
        second = this.#varint(pbf, start);
        secondAt = at;
      } else if (tag === 0x18) {
        third = this.#varint(pbf, start);
      } else {
        this.#skip(pbf, tag, start);
      }
    }
    if (pbf.pos !== end) this.#fail(pbf.buf, start, 'a call of the length it gives');

    const builder = this.#builder;
    const bytes = pbf.buf;
    if (kind === FREE) {
      if (firstAt === 0) builder.nullFree();
      else builder.free(high(first, bytes, firstAt), low(first, bytes, firstAt));
      return;
    }
    const size = kind === MALLOC ? second : kind === CALLOC ? second * third : third;
    if (firstAt === 0) {
      if (kind !== REALLOC || size > 0) builder.failed();
      else if (secondAt === 0) builder.nullFree();
      else builder.free(high(second, bytes, secondAt), low(second, bytes, secondAt));
      return;
    }
    if (!Number.isSafeInteger(size)) this.#fail(bytes, start, 'a size below 2^53');
    if (kind === MALLOC && third > ALIGN_MAX) this.#fail(bytes, start, 'an alignment of at most 2^53');
    const idHigh = high(first, bytes, firstAt);
    const idLow = low(first, bytes, firstAt);
    if (kind === MALLOC) {
      if (third > 1) builder.aligned(idHigh, idLow, size, third);
      else builder.allocate(idHigh, idLow, size);
    } else if (kind === CALLOC) {
      builder.zeroed(idHigh, idLow, size);
    } else if (secondAt === 0) {
      builder.allocate(idHigh, idLow, size);
    } else {
      builder.reallocate(high(second, bytes, secondAt), low(second, bytes, secondAt), idHigh, idLow, size);
    }
  }

  #varint(pbf: PbfReader, start: number): number {
    try {
      return pbf.readVarint();
    } catch {
      return this.#fail(pbf.buf, start, 'a varint of at most ten bytes');
    }
  }

  #skip(pbf: PbfReader, tag: number, start: number): void {
    try {
      pbf.skip(tag);
    } catch {
      this.#fail(pbf.buf, start, 'a field of a known wire type');
    }
  }

  #fail(bytes: Uint8Array, start: number, expected: string): never {
    throw new TraceFormatError(this.#file, `expected ${expected}, found ${quote(bytes.subarray(start))}`, {
      offset: this.#offset + start,
    });
  }
}

/** The upper 32 bits of a uint64 that reads as `value` and stands at `at`. */
function high(value: number, bytes: Uint8Array, at: number): number {
  return value < 2 ** 32
    ? 0
    : value <= Number.MAX_SAFE_INTEGER
      ? Math.floor(value / 2 ** 32)
      : exact(bytes, at)[1];
}

function low(value: number, bytes: Uint8Array, at: number): number {
  return value <= Number.MAX_SAFE_INTEGER ? value >>> 0 : exact(bytes, at)[0];
}

/** Both halves of a varint that a number cannot hold, lower half first. */
function exact(bytes: Uint8Array, at: number): readonly [number, number] {
  let value = 0n;
  for (let i = 0; ; i++) {
    value |= BigInt(bytes[at + i]! & 0x7f) << BigInt(7 * i);
    if (bytes[at + i]! < 0x80) break;
  }
  return [Number(value & 0xffff_ffffn), Number((value >> 32n) & 0xffff_ffffn)];
}

/** Whether the varint at `at` ends before the bytes do. */
function hasVarint(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < bytes.length; i++) {
    if (bytes[i]! < 0x80) return true;
  }
  return false;
}
