/** What happens to a process whose access cannot be allowed. */
import { KernelError } from '../../errors.js';

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

/**
 * An access that is not allowed, or for which no frame is left: a process would get a signal. A load or store has
 * changed nothing then.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * let fault = null;
 * try { space.store8(0x10, 1); } catch (error) { fault = error; }
 * [fault.signal, fault.code];   // => ['SIGSEGV', 'SEGV_MAPERR']
 * [fault.address, fault.access];   // => [0x10, 'write']
 * ```
 */
export class MemoryFault extends KernelError {
  override readonly name = 'MemoryFault';
  readonly code: FaultCode;
  readonly signal: FaultSignal;
  readonly address: number;
  readonly access: Access;

  constructor(code: FaultCode, address: number, access: Access, cause?: unknown) {
    const signal = signalOf(code);
    super(
      `${signal} (${code}): cannot ${access} at ${hexAddress(address)}: ${REASONS[code]}`,
      cause === undefined ? {} : { cause },
    );
    this.code = code;
    this.signal = signal;
    this.address = address;
    this.access = access;
  }
}

/**
 * The signal that Linux sends for a fault: SIGBUS past the end of a file, SIGKILL when memory is out, SIGSEGV
 * otherwise.
 * @example
 * ```js
 * signalOf('SEGV_MAPERR');   // => 'SIGSEGV'
 * signalOf('BUS_ADRERR');   // => 'SIGBUS'
 * signalOf('OOM');   // => 'SIGKILL'
 * ```
 */
export function signalOf(code: FaultCode): FaultSignal {
  if (code === 'OOM') return 'SIGKILL';
  return code === 'BUS_ADRERR' ? 'SIGBUS' : 'SIGSEGV';
}

/**
 * An address as messages show it, `0x…`: below zero it wraps round, as in a register. A value that is not a whole
 * number is shown as it is.
 * @example
 * ```js
 * hexAddress(TASK_SIZE);   // => '0x7ffffffff000'
 * // A null pointer, less 8:
 * hexAddress(-8);   // => '0xfffffffffffffff8'
 * hexAddress(0.5);   // => '0.5'
 * ```
 */
export function hexAddress(address: number): string {
  return Number.isSafeInteger(address)
    ? `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`
    : String(address);
}
