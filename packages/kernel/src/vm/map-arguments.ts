/** Checks of what mmap and its like are told, before anything is looked at. */
import { FRAME_BYTES } from '../machine.js';
import type { MapOptions } from './address-space.js';
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
import { hexAddress, MappingError, type MappingErrorCode } from './memory-fault.js';

/** Pages of a file are numbered in 31 bits. */
const FILE_BYTES_MAX = 2 ** 31 * FRAME_BYTES;

/** A length rounded up to pages. @throws MappingError EINVAL */
export function lengthInPages(length: number): number {
  if (!(Number.isSafeInteger(length) && length > 0)) {
    throw new MappingError(
      'EINVAL',
      `the length must be a whole number of bytes from 1 up, got ${String(length)}`,
    );
  }
  return Math.ceil(length / FRAME_BYTES) * FRAME_BYTES;
}

/** @throws MappingError EINVAL */
export function checkProtection(protection: number): void {
  if ((protection & ~PROT_MASK) !== 0 || !Number.isInteger(protection)) {
    throw new MappingError('EINVAL', `the protection must be made of PROT_ bits, got ${String(protection)}`);
  }
}

/** The flags of the area that is asked for. @throws MappingError EINVAL, EACCES */
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
    throw new MappingError('EINVAL', `the offset must be a multiple of 4096, got ${String(offset)}`);
  }
  if ((shared || inode !== undefined) && offset + options.length > FILE_BYTES_MAX) {
    throw new MappingError(
      'EINVAL',
      `files and shared memory have at most 8 TiB, got ${offset + options.length} bytes`,
    );
  }
  let flags = protection | VM_MAYREAD | VM_MAYWRITE | VM_MAYEXEC;
  if (shared) {
    flags |= VM_MAYSHARE | VM_SHARED;
    if (inode !== undefined && !inode.writable) {
      if ((protection & PROT_WRITE) !== 0) {
        throw new MappingError(
          'EACCES',
          `${inode.path} is open for reading only and cannot be mapped to be written`,
        );
      }
      flags &= ~(VM_MAYWRITE | VM_SHARED);
    }
  }
  if (growsDown) {
    if (shared || inode !== undefined)
      throw new MappingError('EINVAL', 'a stack must be private and anonymous');
    flags |= VM_GROWSDOWN;
  }
  return flags;
}

/**
 * The end of the whole pages of [address, address + length).
 * @param beyond what the call gives for a range past the end of user addresses: EINVAL or ENOMEM
 * @throws MappingError EINVAL, and `beyond`
 */
export function rangeEnd(address: number, length: number, beyond: MappingErrorCode): number {
  checkAddress(address);
  const end = address + lengthInPages(length);
  if (end > TASK_SIZE) {
    throw new MappingError(
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

function checkAddress(address: number): void {
  if (Number.isSafeInteger(address) && address >= 0 && address % FRAME_BYTES === 0) return;
  throw new MappingError('EINVAL', `the address must be a multiple of 4096, got ${hexAddress(address)}`);
}
