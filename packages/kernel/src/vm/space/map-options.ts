/** What mmap and similar calls are asked for, checked before anything is looked at. */
import { display } from 'freehold';
import { type ErrorCode, SystemCallError } from '../../errors.js';
import { FRAME_BYTES } from '../../machine.js';
import type { Inode } from '../page-cache/inode.js';
import { hexAddress } from '../translation/memory-fault.js';
import {
  PROT_MASK,
  PROT_READ,
  PROT_WRITE,
  TASK_SIZE,
  VM_GROWSDOWN,
  VM_MAYEXEC,
  VM_MAYREAD,
  VM_MAYSHARE,
  VM_MAYWRITE,
  VM_SHARED,
} from './area.js';

export interface MapOptions {
  /** A whole number of bytes from 1 up, rounded up to pages. */
  readonly length: number;
  /** Where; taken as a hint unless `fixed`. The highest free place when left out. */
  readonly address?: number;
  /** PROT_ bits; PROT_READ | PROT_WRITE when left out. */
  readonly protection?: number;
  /** Writes are seen by all who map the same, and reach the file. Private when left out. */
  readonly shared?: boolean;
  /** Exactly at `address`; what was mapped there is unmapped. */
  readonly fixed?: boolean;
  /** With `fixed`: refused with EEXIST instead, where something is mapped. */
  readonly noReplace?: boolean;
  /** A file or segment; anonymous memory when left out. */
  readonly inode?: Inode;
  /** Bytes into the file, a multiple of 4096. */
  readonly offset?: number;
  /** Touches every page at once. As in Linux, running out of memory there is no failure of the call. */
  readonly populate?: boolean;
  /** A stack. */
  readonly growsDown?: boolean;
  /** Shown by /proc/PID/maps where there is no path, for example `[stack]`. */
  readonly name?: string;
}

/** Pages of a file are numbered in 31 bits. */
const FILE_BYTES_MAX = 2 ** 31 * FRAME_BYTES;

/** A length rounded up to pages. @throws SystemCallError EINVAL */
export function lengthInPages(length: number): number {
  if (!(Number.isSafeInteger(length) && length > 0)) {
    throw new SystemCallError(
      'EINVAL',
      `the length must be a whole number of bytes from 1 up, got ${display(length)}`,
    );
  }
  return Math.ceil(length / FRAME_BYTES) * FRAME_BYTES;
}

/** @throws SystemCallError EINVAL */
export function checkProtection(protection: number): void {
  if ((protection & ~PROT_MASK) !== 0 || !Number.isInteger(protection)) {
    throw new SystemCallError(
      'EINVAL',
      `the protection must be made of PROT_ bits, got ${display(protection)}`,
    );
  }
}

/** The flags of the area that is asked for. @throws SystemCallError EINVAL, EACCES */
export function flagsOf(options: MapOptions): number {
  const {
    protection = PROT_READ | PROT_WRITE,
    shared = false,
    inode,
    offset = 0,
    growsDown = false,
  } = options;
  checkProtection(protection);
  if (!(Number.isSafeInteger(offset) && offset >= 0 && offset % FRAME_BYTES === 0)) {
    throw new SystemCallError('EINVAL', `the offset must be a multiple of 4096, got ${display(offset)}`);
  }
  if (shared || inode !== undefined) checkFileRange(offset, options.length);
  let flags = protection | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  if (shared) {
    flags |= VM_MAYSHARE | VM_SHARED;
    if (inode !== undefined && !inode.writable) {
      if ((protection & PROT_WRITE) !== 0) {
        throw new SystemCallError(
          'EACCES',
          `${inode.path} is open for reading only and cannot be mapped to be written`,
        );
      }
      flags &= ~(VM_MAYWRITE | VM_SHARED);
    }
  }
  if (growsDown) {
    if (shared || inode !== undefined)
      throw new SystemCallError('EINVAL', 'a stack must be private and anonymous');
    flags |= VM_GROWSDOWN;
  }
  return flags;
}

/** @throws SystemCallError EINVAL past the largest file */
export function checkFileRange(offset: number, length: number): void {
  if (offset + length <= FILE_BYTES_MAX) return;
  throw new SystemCallError(
    'EINVAL',
    `files and shared memory have at most 8 TiB, got ${offset + length} bytes`,
  );
}

/**
 * The end of the whole pages of [address, address + length).
 * @param beyond what the call gives for a range past the end of user addresses: EINVAL or ENOMEM
 * @throws SystemCallError EINVAL, and `beyond`
 */
export function rangeEnd(address: number, length: number, beyond: ErrorCode): number {
  checkAddress(address);
  const end = address + lengthInPages(length);
  if (end > TASK_SIZE) {
    throw new SystemCallError(
      beyond,
      `the range ends at ${hexAddress(end)}, user addresses end at ${hexAddress(TASK_SIZE)}`,
    );
  }
  return end;
}

/** As `rangeEnd` for calls on what is mapped: nothing is beyond, and a range of no bytes ends where it starts. */
export function mappedRangeEnd(address: number, length: number): number {
  checkAddress(address);
  return length === 0 ? address : rangeEnd(address, length, 'ENOMEM');
}

/** @throws SystemCallError EINVAL */
export function checkAddress(address: number): void {
  if (Number.isSafeInteger(address) && address >= 0 && address % FRAME_BYTES === 0) return;
  throw new SystemCallError('EINVAL', `the address must be a multiple of 4096, got ${hexAddress(address)}`);
}
