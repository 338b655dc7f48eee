/** ELF files made for tests: sound ones, and ones broken in a single field. */
import type { ByteSource } from '../src/process/elf.js';

export interface SegmentSpec {
  readonly address: number;
  readonly offset: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  /** Of R = 4, W = 2, X = 1. */
  readonly flags: number;
}

export interface ElfSpec {
  readonly type?: number;
  readonly entry?: number;
  readonly segments?: readonly SegmentSpec[];
  readonly interpreter?: string;
  /** PF_ flags of PT_GNU_STACK; no such entry when left out. */
  readonly stack?: number;
  /** Length of the file: cut short, or with bytes behind that no segment shows; as the segments need when left out. */
  readonly bytes?: number;
}

export const TEXT: SegmentSpec = {
  address: 0x400000,
  offset: 0,
  fileBytes: 0x1800,
  memoryBytes: 0x1800,
  flags: 5,
};
/** Half a page of data, then bss to the middle of the third page. */
export const DATA: SegmentSpec = {
  address: 0x402800,
  offset: 0x1800,
  fileBytes: 0x1000,
  memoryBytes: 0x2000,
  flags: 6,
};

const HEADER = 64;
const ENTRY = 56;

/** Byte `at` of the file's contents, wherever no header lies. */
export function elfByte(at: number): number {
  return (at * 31 + (at >> 8)) & 0xff;
}

/** The contents of a file of `count` bytes that has no headers. */
export function elfBytes(count: number): Uint8Array {
  return Uint8Array.from({ length: count }, (_, at) => elfByte(at));
}

export function makeElf(spec: ElfSpec = {}): Uint8Array {
  const { type = 2, entry = 0x400400, segments = [TEXT, DATA], interpreter, stack } = spec;
  const count = segments.length + (interpreter === undefined ? 0 : 1) + (stack === undefined ? 0 : 1);
  const nameAt = HEADER + count * ENTRY;
  const end = Math.max(
    nameAt + (interpreter?.length ?? 0) + 1,
    ...segments.map((each) => each.offset + each.fileBytes),
    spec.bytes ?? 0,
  );
  const file = elfBytes(end);
  const view = new DataView(file.buffer);
  file.fill(0, 0, nameAt);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, type, true);
  view.setUint16(18, 62, true);
  view.setUint32(20, 1, true);
  set64(file, 24, entry);
  set64(file, 32, HEADER);
  view.setUint16(52, HEADER, true);
  view.setUint16(54, ENTRY, true);
  view.setUint16(56, count, true);
  let at = HEADER;
  const add = (
    kind: number,
    flags: number,
    offset: number,
    address: number,
    bytes: number,
    memory: number,
  ) => {
    view.setUint32(at, kind, true);
    view.setUint32(at + 4, flags, true);
    [offset, address, address, bytes, memory, 4096].forEach((value, i) => {
      set64(file, at + 8 + i * 8, value);
    });
    at += ENTRY;
  };
  if (interpreter !== undefined) {
    add(3, 4, nameAt, nameAt, interpreter.length + 1, interpreter.length + 1);
    file.set(new TextEncoder().encode(`${interpreter}\0`), nameAt);
  }
  for (const each of segments) {
    add(1, each.flags, each.offset, each.address, each.fileBytes, each.memoryBytes);
  }
  if (stack !== undefined) add(0x6474e551, stack, 0, 0, 0, 0);
  return spec.bytes === undefined ? file : file.slice(0, spec.bytes);
}

/** Where field `p_…` of program header `index` lies in a file of `makeElf`. */
export function headerField(index: number, field: 'offset' | 'vaddr' | 'filesz' | 'memsz' | 'align'): number {
  return HEADER + index * ENTRY + { offset: 8, vaddr: 16, filesz: 32, memsz: 40, align: 48 }[field];
}

export function set64(file: Uint8Array, at: number, value: number | bigint): void {
  new DataView(file.buffer, file.byteOffset).setBigUint64(at, BigInt(value), true);
}

export function source(bytes: Uint8Array): ByteSource & { bytesRead: number } {
  return {
    size: bytes.length,
    bytesRead: 0,
    read(offset, into) {
      const part = bytes.subarray(offset, offset + into.length);
      into.set(part);
      this.bytesRead += part.length;
      return part.length;
    },
  };
}
