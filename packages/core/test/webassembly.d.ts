/** What tests use of WebAssembly: every engine has it, but TypeScript declares it among the DOM's types only. */
declare namespace WebAssembly {
  type Imports = Record<string, Record<string, unknown>>;

  class Module {
    constructor(bytes: Uint8Array);
    static imports(module: Module): { module: string; name: string; kind: string }[];
  }

  class Instance {
    constructor(module: Module, imports?: Imports);
    readonly exports: Record<string, unknown>;
  }

  class Memory {
    constructor(descriptor: { initial: number; maximum?: number; shared?: boolean });
    constructor(descriptor: { initial: bigint; maximum: bigint; address: 'i64' });
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
    grow(pages: number): number;
    /** Not in Node before 26. */
    toResizableBuffer?(): ArrayBuffer | SharedArrayBuffer;
  }

  class Table {
    get(index: number): (...args: unknown[]) => unknown;
  }

  class Global {
    constructor(descriptor: { value: string; mutable?: boolean }, value?: unknown);
    value: unknown;
  }
}
