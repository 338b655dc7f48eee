/** What happens to a process whose access cannot be allowed. */
import type { Area } from './area.js';

export type Access = 'read' | 'write' | 'execute';

/** SEGV_MAPERR: no area. SEGV_ACCERR: not allowed there. BUS_ADRERR: past the end of the file. OOM: no frame left. */
export type FaultCode = 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR' | 'OOM';

export type FaultSignal = 'SIGSEGV' | 'SIGBUS' | 'SIGKILL';

/** Why the signal is sent, for people. */
const REASONS: Readonly<Record<FaultCode, string>> = {
  SEGV_MAPERR: 'nothing is mapped there',
  SEGV_ACCERR: 'the area does not allow it',
  BUS_ADRERR: 'the page lies past the end of the file, or the file cannot be read',
  OOM: 'no frame is left for the page',
};

export class MemoryFault extends Error {
  override readonly name = 'MemoryFault';
  readonly code: FaultCode;
  readonly signal: FaultSignal;
  readonly address: number;
  readonly access: Access;
  /** The area that holds the address, or null. */
  readonly area: Area | null;

  constructor(code: FaultCode, address: number, access: Access, area: Area | null, cause?: unknown) {
    const signal = signalOf(code);
    super(
      `${signal} (${code}): cannot ${access} at ${hexAddress(address)}: ${REASONS[code]}`,
      cause === undefined ? {} : { cause },
    );
    this.code = code;
    this.signal = signal;
    this.address = address;
    this.access = access;
    this.area = area;
  }
}

export function signalOf(code: FaultCode): FaultSignal {
  if (code === 'OOM') return 'SIGKILL';
  return code === 'BUS_ADRERR' ? 'SIGBUS' : 'SIGSEGV';
}

export type MappingErrorCode = 'EINVAL' | 'EACCES' | 'EEXIST' | 'ENOMEM' | 'EIO';

/** A call about mappings that is refused as it stands; nothing was changed. */
export class MappingError extends Error {
  override readonly name = 'MappingError';
  readonly code: MappingErrorCode;
  /** The sentence without the code. */
  readonly detail: string;

  constructor(code: MappingErrorCode, detail: string, cause?: unknown) {
    super(`${code}: ${detail}`, cause === undefined ? {} : { cause });
    this.code = code;
    this.detail = detail;
  }
}

/** As a register holds it: below zero it wraps round; what is no whole number is told as it is. */
export function hexAddress(address: number): string {
  return Number.isSafeInteger(address)
    ? `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`
    : String(address);
}
