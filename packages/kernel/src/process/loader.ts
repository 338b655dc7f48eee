/**
 * Loads a program into an address space of its own: the segments of its file mapped privately, so that each page is
 * read when it is first touched, zero bytes past the end of what the file holds, a fresh stack.
 *
 * Nothing executes instructions here. An interpreter, which on Linux would load shared libraries before the program
 * starts, is named in the image but not loaded, and the entry point is the program's own.
 *
 * Cost: two areas and at most one page copied a segment; one page or more for the stack.
 * Source: Linux fs/binfmt_elf.c, `load_elf_binary`.
 */

import { ExecError, KernelError } from '../errors.js';
import { FRAME_BYTES } from '../machine.js';
import type { Inode } from '../vm/page-cache/inode.js';
import type { AddressSpace } from '../vm/space/address-space.js';
import { PROT_EXEC, PROT_READ, PROT_WRITE, STACK_NAME, TASK_SIZE } from '../vm/space/area.js';
import { type ElfImage, type ElfSegment, pageDown, pageUp } from './elf.js';
import {
  AT_BASE,
  AT_CLKTCK,
  AT_EGID,
  AT_ENTRY,
  AT_EUID,
  AT_FLAGS,
  AT_GID,
  AT_HWCAP,
  AT_PAGESZ,
  AT_PHDR,
  AT_PHENT,
  AT_PHNUM,
  AT_SECURE,
  AT_UID,
  stackImage,
} from './stack-image.js';

/** First address after the stack. */
export const STACK_TOP = TASK_SIZE;
/** Where position-independent programs are loaded: two thirds up, without randomisation. */
export const PIE_BASE = 0x5555_5555_4000;

/** What the words of the CPUID instruction say, and ticks a second, as Linux reports them on a plain x86-64. */
const HWCAP = 0x178b_fbff;
const CLOCK_TICKS = 100;

export interface ProgramArguments {
  readonly path: string;
  readonly argv: readonly string[];
  readonly envp: readonly string[];
  /** Sixteen bytes for AT_RANDOM. */
  readonly random: Uint8Array;
}

export interface LoadedProgram {
  readonly entry: number;
  readonly stackPointer: number;
  readonly heapStart: number;
  /** Named by the file, but not loaded; null when it needs none. */
  readonly interpreter: string | null;
}

/**
 * @param space with nothing mapped; it may be left half filled when this throws: destroy it then
 * @throws ExecError ENOMEM, E2BIG, EINVAL
 */
export function loadProgram(
  space: AddressSpace,
  inode: Inode,
  image: ElfImage,
  start: ProgramArguments,
): LoadedProgram {
  const bias = image.positionIndependent ? pieBias(image) : 0;
  const entry = image.entry + bias;
  const auxv: [number, number][] = [
    [AT_HWCAP, HWCAP],
    [AT_PAGESZ, FRAME_BYTES],
    [AT_CLKTCK, CLOCK_TICKS],
    [AT_PHDR, image.headersAddress === 0 ? 0 : image.headersAddress + bias],
    [AT_PHENT, image.headerBytes],
    [AT_PHNUM, image.headersCount],
    [AT_BASE, 0],
    [AT_FLAGS, 0],
    [AT_ENTRY, entry],
    [AT_UID, 0],
    [AT_EUID, 0],
    [AT_GID, 0],
    [AT_EGID, 0],
    [AT_SECURE, 0],
  ];
  orExecError(() => {
    for (const segment of image.segments) mapSegment(space, inode, segment, bias);
  });
  const stackPointer = makeStack(space, start, auxv, image.executableStack);
  return { entry, stackPointer, heapStart: image.end + bias, interpreter: image.interpreter };
}

/**
 * Maps the stack, as large as what lies on it at first.
 * @returns the stack pointer
 * @throws ExecError ENOMEM, E2BIG, EINVAL
 */
export function makeStack(
  space: AddressSpace,
  start: ProgramArguments,
  auxv: readonly (readonly [number, number])[],
  executable: boolean,
): number {
  const bytesMax = Math.floor(space.stackLimitBytes / 4);
  const { pointer, bytes } = stackImage({ ...start, top: STACK_TOP, auxv, bytesMax });
  const bottom = pageDown(pointer);
  const protection = PROT_READ | PROT_WRITE | (executable ? PROT_EXEC : 0);
  orExecError(() => {
    space.mmap({
      address: bottom,
      length: STACK_TOP - bottom,
      protection,
      fixed: true,
      growsDown: true,
      // A segment of the program may lie there.
      noReplace: true,
      name: STACK_NAME,
    });
    space.stackStart = pointer;
    space.write(pointer, bytes);
  });
  return pointer;
}

function mapSegment(space: AddressSpace, inode: Inode, segment: ElfSegment, bias: number): void {
  const address = segment.address + bias;
  const protection =
    (segment.readable ? PROT_READ : 0) |
    (segment.writable ? PROT_WRITE : 0) |
    (segment.executable ? PROT_EXEC : 0);
  const start = pageDown(address);
  const fileEnd = address + segment.fileBytes;
  const filePages = segment.fileBytes === 0 ? start : pageUp(fileEnd);
  const end = pageUp(address + segment.memoryBytes);
  if (filePages > start) {
    const offset = pageDown(segment.offset);
    space.mmap({ address: start, length: filePages - start, protection, fixed: true, inode, offset });
    // What the file holds behind the segment is not the program's: its variables there start as zero.
    if (segment.writable && segment.memoryBytes > segment.fileBytes) {
      space.fill(fileEnd, Math.min(filePages, address + segment.memoryBytes) - fileEnd);
    }
  }
  if (end > filePages) space.mmap({ address: filePages, length: end - filePages, protection, fixed: true });
}

/** What is added to each address: the base, lowered to the strictest alignment, less where the image starts. */
function pieBias(image: ElfImage): number {
  const align = Math.max(FRAME_BYTES, ...image.segments.map((segment) => segment.align));
  const base = PIE_BASE - (PIE_BASE % align);
  const bias = base - (image.start - (image.start % align));
  if (image.end + bias > TASK_SIZE) {
    throw new ExecError(
      'ENOMEM',
      `its ${image.end - image.start} bytes do not fit above 0x${PIE_BASE.toString(16)}`,
    );
  }
  return bias;
}

/** What the memory of the new program refuses, as the call for it tells it. */
function orExecError(load: () => void): void {
  try {
    load();
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (isLackOfMemory(error)) throw new ExecError('ENOMEM', 'not enough memory to load the program');
    throw new ExecError('EINVAL', `the program cannot be mapped: ${error.message}`);
  }
}

function isLackOfMemory(error: KernelError): boolean {
  return error.code === 'OOM' || error.code === 'ENOMEM';
}
