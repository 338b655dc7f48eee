/**
 * Call stacks that every engine can take and a person can read: those of V8, SpiderMonkey and JavaScriptCore are texts
 * of their own each.
 *
 * Cost: taking one of 16 frames 5 to 20 µs in V8, which makes the text only when it is read; more elsewhere.
 */

export interface Frame {
  /** Of the function, empty where the engine tells none. WebAssembly's from the module's name section. */
  readonly name: string;
  /** As the engine writes it: file, line and column; module, function and offset; or where it is native. */
  readonly location: string;
}

type AnyFunction = (...args: never[]) => unknown;

/** None is standard yet; V8 has all, SpiderMonkey lately the first; JavaScriptCore two, and Bun's all three. */
interface Engine {
  captureStackTrace?(target: object, above: AnyFunction): void;
  stackTraceLimit?: number;
  prepareStackTrace?: unknown;
}

/**
 * The calls that led here.
 *
 * JavaScriptCore leaves no frame of a function that ends in a call (`return heap.malloc(n)`), and counts and finds no
 * function there: whoever takes a stack must itself be called elsewhere, as an argument say. `new` leaves its caller's.
 */
export class CallStack {
  /** The text, or in Bun what the text is to be made of. */
  private readonly holder: { readonly stack?: string | readonly unknown[] };
  private readonly skip: number;
  private readonly depth: number;

  /**
   * @param depth frames kept at most
   * @param above the function whose callers are meant; itself and what it has called are left out
   * @param skip how many frames those are, the caller of this constructor the first
   */
  constructor(depth: number, above: AnyFunction, skip: number) {
    const engine: typeof Error & Engine = Error;
    const { captureStackTrace: capture, stackTraceLimit: limit, prepareStackTrace: prepare } = engine;
    this.depth = depth;
    this.skip = capture === undefined ? skip + 1 : 0;
    if (limit !== undefined) engine.stackTraceLimit = depth + this.skip;
    if (IN_BUN) engine.prepareStackTrace = keepSites;
    try {
      this.holder = capture === undefined ? new Error() : {};
      capture?.call(engine, this.holder, above);
    } finally {
      if (limit !== undefined) engine.stackTraceLimit = limit;
      if (IN_BUN) engine.prepareStackTrace = prepare;
    }
  }

  /** The innermost first. */
  frames(): Frame[] {
    const { stack = '' } = this.holder;
    const text = typeof stack === 'string' ? stack : stack.map((site) => `    at ${site}`).join('\n');
    return parseStack(text).slice(this.skip, this.skip + this.depth);
  }
}

/** Bun's texts call each function of WebAssembly `unknown`; the sites that it makes texts of have their names. */
const IN_BUN = 'Bun' in globalThis;

function keepSites(_error: unknown, sites: readonly unknown[]): readonly unknown[] {
  return sites;
}

/** The frames in the text of an error's `stack`, whatever engine it is from. */
export function parseStack(stack: string): Frame[] {
  const lines = stack.split('\n');
  const v8 = lines.some((line) => V8_FRAME.test(line));
  return lines.map(v8 ? parseV8 : parseOthers).filter((frame) => frame !== null);
}

/** One line, cut at the left of the location where it would be longer than `width`. */
export function formatFrame({ name, location }: Frame, width: number): string {
  const room = Math.max(name === '' ? width : width - name.length - 3, 16);
  const place = location.length <= room ? location : `…${location.slice(location.length - room + 1)}`;
  return name === '' ? place : `${name} (${place})`;
}

/** `    at name (location)`, `    at location` */
const V8_FRAME = /^\s+at (?:async )?(?:(.*?) \((.*)\)|(.*))$/;

function parseV8(line: string): Frame | null {
  const found = V8_FRAME.exec(line);
  if (found === null) return null;
  return frame(found[1] ?? '', found[2] ?? found[3] ?? '');
}

/** `name@location` in SpiderMonkey and JavaScriptCore; `location` alone for code outside of functions in the latter. */
function parseOthers(line: string): Frame | null {
  const at = line.indexOf('@');
  if (at < 0) return /:\d+(:\d+)?$/.test(line) ? { name: '', location: line } : null;
  return frame(line.slice(0, at).replace(/^async\*/, ''), line.slice(at + 1));
}

/** JavaScriptCore's `module.wasm-function[name]`, with the function's number where the module has no names. */
const JSC_WASM_NAME = /^(.*)\.wasm-function\[(.*)\]$/;

function frame(name: string, location: string): Frame {
  if (name === '<anonymous>') return { name: '', location };
  const wasm = JSC_WASM_NAME.exec(name);
  if (wasm === null) return { name, location };
  const [, module = '', named = ''] = wasm;
  const place = module === '' || module === '<?>' ? 'wasm-function' : `${module}:wasm-function`;
  return /^\d+$/.test(named)
    ? { name: '', location: `${place}[${named}]` }
    : { name: named, location: place };
}
