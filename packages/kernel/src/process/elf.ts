/**
 * The headers of a 64-bit ELF file for x86-64: what of it is mapped where, and how. Everything is checked before
 * anything is mapped, so that a broken file never costs a process its old image.
 *
 * Cost: four small reads (magic, header, program headers, interpreter's name); the segments themselves are not touched.
 * Stricter than Linux in two things: a segment must lie within the file (Linux maps it and raises SIGBUS later),
 * and segments must rise without overlapping, as the specification says.
 * Source: System V ABI, "Object Files" and "Program Loading"; checks as in Linux fs/binfmt_elf.c.
 */

import { ExecError } from '../errors.js';
import { FRAME_BYTES } from '../machine.js';
import { MMAP_MIN_ADDRESS, TASK_SIZE } from '../vm/space/area.js';

/** A file as the loader reads it. */
export interface ByteSource {
  readonly size: number;
  /** Fills `into` from byte `offset` of the file on. @returns the bytes read: fewer at the end of the file only */
  read(offset: number, into: Uint8Array): number;
}

/** A PT_LOAD entry: `fileBytes` of the file from `offset` on are seen at `address`, then zeros up to `memoryBytes`. */
export interface ElfSegment {
  readonly offset: number;
  /** Relative to the load address in a position-independent file. */
  readonly address: number;
  readonly fileBytes: number;
  readonly memoryBytes: number;
  readonly align: number;
  readonly readable: boolean;
  readonly writable: boolean;
  readonly executable: boolean;
}

export interface ElfImage {
  /** Its addresses are relative to wherever it is loaded (ET_DYN). */
  readonly positionIndependent: boolean;
  readonly entry: number;
  /** Rising, without overlap, at least one of them not empty. */
  readonly segments: readonly ElfSegment[];
  /** The program that would load shared libraries, from PT_INTERP. */
  readonly interpreter: string | null;
  readonly executableStack: boolean;
  /** Where the program headers are seen in memory, 0 when no segment holds them; their number and size. */
  readonly headersAddress: number;
  readonly headersCount: number;
  readonly headerBytes: number;
  /** First byte of the first page, byte after the last one: what the image spans. */
  readonly start: number;
  readonly end: number;
}

const HEADER_BYTES = 64;
const PROGRAM_HEADER_BYTES = 56;
/** Linux reads at most so much of program headers. */
const HEADERS_BYTES_MAX = 65_536;
const PATH_BYTES_MAX = 4096;

const ET_NAMES = ['ET_NONE', 'ET_REL', 'ET_EXEC', 'ET_DYN', 'ET_CORE'];
const ET_EXEC = 2;
const ET_DYN = 3;
const EM_X86_64 = 62;
const PT_LOAD = 1;
const PT_INTERP = 3;
const PT_GNU_STACK = 0x6474e551;
const PF_X = 1;
const PF_W = 2;
const PF_R = 4;

/**
 * Reads the headers of a 64-bit ELF file for x86-64: which bytes of it belong where in memory, and how they may be
 * used.
 * @param file read at four places at most, a few kilobytes in all
 * @throws ExecError (ENOEXEC, EINVAL) naming the fault, its place in the file, and the right value
 * @example
 * ```js
 * // The ELF header and one program header, in words of 64 bits: a page of code, seen at 4 MiB.
 * const words = new BigUint64Array(512);
 * words.set([0x10102464c457fn, 0n, 0x1003e0002n, 0x400078n, 64n, 0n, 0x38004000000000n, 1n]);
 * words.set([0x500000001n, 0n, 0x400000n, 0x400000n, 4096n, 4096n, 4096n], 8);
 * const { entry, segments } = parseElf(new MemoryFile('/bin/a', new Uint8Array(words.buffer)));
 * entry.toString(16);   // => '400078'
 * [segments[0].address, segments[0].writable, segments[0].executable];   // => [0x400000, false, true]
 * parseElf(new MemoryFile('/bin/b', Uint8Array.of(35, 33)));   // => throws ExecError: not an ELF file
 * ```
 */
export function parseElf(file: ByteSource): ElfImage {
  checkMagic(file);
  const header = readExactly(file, 0, HEADER_BYTES, 'its header');
  checkIdentity(header);
  const type = header.getUint16(16, true);
  const headersOffset = unsigned64(header, 32, 'e_phoff');
  const headerBytes = header.getUint16(54, true);
  const headersCount = header.getUint16(56, true);
  if (headerBytes !== PROGRAM_HEADER_BYTES) {
    throw invalid(`e_phentsize is ${headerBytes}, it must be ${PROGRAM_HEADER_BYTES}`);
  }
  const tableBytes = headersCount * headerBytes;
  if (tableBytes === 0) throw invalid('it has no program headers (e_phnum is 0): nothing says what to load');
  if (tableBytes > HEADERS_BYTES_MAX) {
    throw invalid(`${headersCount} program headers take ${tableBytes} bytes, more than ${HEADERS_BYTES_MAX}`);
  }
  const table = readExactly(file, headersOffset, tableBytes, 'its program headers');

  const segments: ElfSegment[] = [];
  let interpreter: string | null = null;
  let executableStack = false;
  for (let index = 0; index < headersCount; index++) {
    const at = index * headerBytes;
    const kind = table.getUint32(at, true);
    const flags = table.getUint32(at + 4, true);
    if (kind === PT_GNU_STACK) executableStack = (flags & PF_X) !== 0;
    else if (kind === PT_INTERP) interpreter ??= readInterpreter(file, table, at, index);
    else if (kind === PT_LOAD) {
      const segment = readSegment(table, at, index, flags);
      if (segment.memoryBytes === 0) continue;
      checkSegment(segment, index, file.size, type === ET_EXEC);
      checkOrder(segments.at(-1), segment, index);
      segments.push(segment);
    }
  }
  const first = segments[0];
  const last = segments.at(-1);
  if (first === undefined || last === undefined) throw invalid('it has no PT_LOAD segment: nothing to load');
  const entry = unsigned64(header, 24, 'e_entry');
  if (entry >= TASK_SIZE) throw invalid(`e_entry ${hex(entry)} lies outside user space`);
  return {
    positionIndependent: type === ET_DYN,
    entry,
    segments,
    interpreter,
    executableStack,
    headersAddress: addressOfOffset(segments, headersOffset),
    headersCount,
    headerBytes,
    start: pageDown(first.address),
    end: pageUp(last.address + last.memoryBytes),
  };
}

/** On its own, as a short file that is no ELF file at all is not a truncated one. */
function checkMagic(file: ByteSource): void {
  const magic = new Uint8Array(4);
  const read = file.read(0, magic);
  if (read === 0) throw new ExecError('ENOEXEC', 'not an ELF file: it is empty');
  if (read === 4 && new DataView(magic.buffer).getUint32(0, false) === 0x7f454c46) return;
  const bytes = [...magic.subarray(0, read)].map((byte) => byte.toString(16).padStart(2, '0'));
  throw new ExecError('ENOEXEC', `not an ELF file: it starts with ${bytes.join(' ')}, not 7f 45 4c 46`);
}

function checkIdentity(header: DataView): void {
  const [, , , , elfClass, data, version] = new Uint8Array(header.buffer, header.byteOffset, 7);
  if (elfClass !== 2) {
    const what = elfClass === 1 ? 'a 32-bit ELF file' : `of unknown ELF class ${elfClass}`;
    throw new ExecError('ENOEXEC', `it is ${what}; this machine runs 64-bit ones (class 2)`);
  }
  if (data !== 1) throw new ExecError('ENOEXEC', `its byte order is ${data}, not little-endian (1)`);
  if (version !== 1) throw new ExecError('ENOEXEC', `its ELF version is ${version}, not 1`);
  const type = header.getUint16(16, true);
  if (type !== ET_EXEC && type !== ET_DYN) {
    const name = ET_NAMES[type] ?? String(type);
    throw new ExecError('ENOEXEC', `its type is ${name}; only ET_EXEC and ET_DYN can be run`);
  }
  const machine = header.getUint16(18, true);
  if (machine !== EM_X86_64) {
    throw new ExecError('ENOEXEC', `it is for ELF machine ${machine}, not for x86-64 (${EM_X86_64})`);
  }
}

function readSegment(table: DataView, at: number, index: number, flags: number): ElfSegment {
  const field = (offset: number, name: string) =>
    unsigned64(table, at + offset, `${name} of program header ${index}`);
  return {
    offset: field(8, 'p_offset'),
    address: field(16, 'p_vaddr'),
    fileBytes: field(32, 'p_filesz'),
    memoryBytes: field(40, 'p_memsz'),
    align: field(48, 'p_align'),
    readable: (flags & PF_R) !== 0,
    writable: (flags & PF_W) !== 0,
    executable: (flags & PF_X) !== 0,
  };
}

function checkSegment(segment: ElfSegment, index: number, fileSize: number, fixed: boolean): void {
  const { offset, address, fileBytes, memoryBytes, align } = segment;
  const where = `segment ${index}`;
  if (fileBytes > memoryBytes) {
    throw invalid(`${where} has more bytes in the file (${fileBytes}) than in memory (${memoryBytes})`);
  }
  if (offset + fileBytes > fileSize) {
    throw invalid(
      `${where} needs bytes ${offset} to ${offset + fileBytes}, but the file ends at ${fileSize}: truncated`,
    );
  }
  if (memoryBytes > TASK_SIZE || address > TASK_SIZE - memoryBytes) {
    throw invalid(
      `${where}, ${memoryBytes} bytes at ${hex(address)}, reaches past user space, which ends at ${hex(TASK_SIZE)}`,
    );
  }
  if (fixed && address < MMAP_MIN_ADDRESS) {
    throw invalid(
      `${where} starts at ${hex(address)}, below ${hex(MMAP_MIN_ADDRESS)}, where nothing is mapped`,
    );
  }
  if (align > 1 && !Number.isInteger(Math.log2(align))) {
    throw invalid(`${where} has alignment ${align}, which is not a power of two`);
  }
  if (offset % FRAME_BYTES !== address % FRAME_BYTES) {
    throw invalid(
      `${where} cannot be mapped: offset ${hex(offset)} and address ${hex(address)} differ within the page`,
    );
  }
}

function checkOrder(previous: ElfSegment | undefined, segment: ElfSegment, index: number): void {
  if (previous === undefined || segment.address >= previous.address + previous.memoryBytes) return;
  const above = segment.address >= previous.address;
  throw invalid(
    `segment ${index} at ${hex(segment.address)} ${above ? 'overlaps' : 'lies below'} the one before it ` +
      `(${hex(previous.address)} to ${hex(previous.address + previous.memoryBytes)}); segments must rise`,
  );
}

function readInterpreter(file: ByteSource, table: DataView, at: number, index: number): string {
  const offset = unsigned64(table, at + 8, `p_offset of program header ${index}`);
  const bytes = unsigned64(table, at + 32, `p_filesz of program header ${index}`);
  if (bytes < 2 || bytes > PATH_BYTES_MAX) {
    throw invalid(`the interpreter's name takes ${bytes} bytes, it must be 2 to ${PATH_BYTES_MAX}`);
  }
  const view = readExactly(file, offset, bytes, "its interpreter's name");
  const name = new Uint8Array(view.buffer, view.byteOffset, bytes);
  if (name[bytes - 1] !== 0) throw invalid("the interpreter's name does not end with a zero byte");
  return new TextDecoder().decode(name.subarray(0, name.indexOf(0)));
}

/** Where byte `offset` of the file is seen in memory; 0 when no segment holds it. */
function addressOfOffset(segments: readonly ElfSegment[], offset: number): number {
  const holder = segments.find((each) => offset >= each.offset && offset < each.offset + each.fileBytes);
  return holder === undefined ? 0 : holder.address + offset - holder.offset;
}

function readExactly(file: ByteSource, offset: number, bytes: number, what: string): DataView {
  const into = new Uint8Array(bytes);
  const read = offset > file.size ? 0 : file.read(offset, into);
  if (read < bytes) {
    throw new ExecError(
      'ENOEXEC',
      `${what} (${bytes} bytes at ${offset}) would end past the end of the file at ${file.size}`,
    );
  }
  return new DataView(into.buffer);
}

/** Exact up to 2^53; beyond that no address or size is right anyway. */
function unsigned64(view: DataView, at: number, name: string): number {
  const value = view.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw invalid(`${name} is 0x${value.toString(16)}: wraps round, or lies outside user space`);
  }
  return Number(value);
}

function invalid(detail: string): ExecError {
  return new ExecError('EINVAL', detail);
}

export function pageDown(address: number): number {
  return address - (address % FRAME_BYTES);
}

export function pageUp(address: number): number {
  return pageDown(address + FRAME_BYTES - 1);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
