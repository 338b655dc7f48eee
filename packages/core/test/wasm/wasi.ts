/**
 * As much of WASI as a program needs that reads standard input and writes standard output; anything else is refused.
 * Node's own is no use here: Node 20 may free its WASI object in the middle of a call of its own.
 */
const SUCCESS = 0;
const BAD_DESCRIPTOR = 8;
const NOT_SUPPORTED = 52;
const SEEK_PIPE = 70;
const CHARACTER_DEVICE = 2;

/** Thrown by `proc_exit`, through the program's frames. */
class Exit extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`the program ended with status ${status}`);
    this.status = status;
  }
}

export class Wasi {
  private readonly args: readonly Uint8Array[];
  private readonly input: Uint8Array;
  private readonly output: Uint8Array[] = [];
  private read = 0;
  private memory: WebAssembly.Memory | null = null;

  constructor(args: readonly string[], input: Uint8Array) {
    this.args = args.map((arg) => new TextEncoder().encode(`${arg}\0`));
    this.input = input;
  }

  /** All functions of WASI that the module imports. */
  imports(module: WebAssembly.Module): WebAssembly.Imports {
    const known = this.functions();
    const functions: Record<string, unknown> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (from === 'wasi_snapshot_preview1') functions[name] = known[name] ?? (() => NOT_SUPPORTED);
    }
    return { wasi_snapshot_preview1: functions };
  }

  /** Runs `_start`. @returns the exit status and what was written to standard output */
  start(instance: WebAssembly.Instance): { status: number; output: string } {
    const { memory, _start: start } = instance.exports;
    if (!(memory instanceof WebAssembly.Memory && typeof start === 'function')) {
      throw new TypeError('the module must export memory and _start');
    }
    this.memory = memory;
    let status = 0;
    try {
      start();
    } catch (error) {
      if (!(error instanceof Exit)) throw error;
      status = error.status;
    }
    return { status, output: Buffer.concat(this.output).toString() };
  }

  /** Made anew for each call: the memory may have grown since the last. */
  private get view(): DataView {
    return new DataView(this.memory!.buffer);
  }

  private functions(): Record<string, (...args: number[]) => number> {
    return {
      args_sizes_get: (count, bytes) => {
        this.view.setUint32(count!, this.args.length, true);
        this.view.setUint32(bytes!, Buffer.concat(this.args).length, true);
        return SUCCESS;
      },
      args_get: (pointers, text) => {
        let at = text!;
        this.args.forEach((arg, i) => {
          this.view.setUint32(pointers! + 4 * i, at, true);
          new Uint8Array(this.memory!.buffer).set(arg, at);
          at += arg.length;
        });
        return SUCCESS;
      },
      environ_sizes_get: (count, bytes) => {
        this.view.setUint32(count!, 0, true);
        this.view.setUint32(bytes!, 0, true);
        return SUCCESS;
      },
      environ_get: () => SUCCESS,
      clock_time_get: (_clock, _precision, time) => {
        this.view.setBigUint64(time!, 0n, true);
        return SUCCESS;
      },
      fd_prestat_get: () => BAD_DESCRIPTOR,
      fd_seek: () => SEEK_PIPE,
      fd_close: () => SUCCESS,
      fd_fdstat_get: (descriptor, result) => {
        if (descriptor! > 2) return BAD_DESCRIPTOR;
        new Uint8Array(this.memory!.buffer).fill(0, result!, result! + 24);
        this.view.setUint8(result!, CHARACTER_DEVICE);
        return SUCCESS;
      },
      fd_read: (descriptor, pieces, count, result) => {
        if (descriptor !== 0) return BAD_DESCRIPTOR;
        const before = this.read;
        for (const piece of this.pieces(pieces!, count!)) {
          const bytes = this.input.subarray(this.read, this.read + piece.length);
          piece.set(bytes);
          this.read += bytes.length;
        }
        this.view.setUint32(result!, this.read - before, true);
        return SUCCESS;
      },
      fd_write: (descriptor, pieces, count, result) => {
        let written = 0;
        for (const piece of this.pieces(pieces!, count!)) {
          if (descriptor === 1) this.output.push(piece.slice());
          written += piece.length;
        }
        this.view.setUint32(result!, written, true);
        return SUCCESS;
      },
      proc_exit: (status) => {
        throw new Exit(status!);
      },
    };
  }

  /** The stretches of memory that a list of pairs of address and length tells. */
  private pieces(list: number, count: number): Uint8Array[] {
    const view = this.view;
    return Array.from({ length: count }, (_, i) => {
      const address = view.getUint32(list + 8 * i, true);
      return new Uint8Array(view.buffer, address, view.getUint32(list + 8 * i + 4, true));
    });
  }
}
