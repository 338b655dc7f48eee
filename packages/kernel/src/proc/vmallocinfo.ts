/**
 * /proc/vmallocinfo: the areas of the kernel's virtually contiguous memory. Source: Linux mm/vmalloc.c, `s_show`.
 * Where the kernel hides addresses it prints a hash for each, so that `end - start` is not the size.
 */
import type { KernelSpace } from '../vm/kernel-space.js';
import { linesOf, NODES_MAX } from './lines.js';

export interface VmallocinfoArea {
  /** Null where the kernel hides addresses and prints no hash of them either. */
  readonly start: bigint | null;
  readonly end: bigint | null;
  /** The guard page included. */
  readonly bytes: number;
  /** The function that asked for the area, with its offset: `kernel_clone+0x94/0x3e0`; '' where it is unknown. */
  readonly caller: string;
  /** Frames mapped; 0 where none of the area's own are. */
  readonly pages: number;
  /** The physical address, of device memory; null elsewhere. */
  readonly physical: bigint | null;
  /** As printed, in order: `vmalloc`, `vmap`, `ioremap`, `user`, `vpages`, `unpurged vm_area`… */
  readonly flags: readonly string[];
  /** Frames on each memory node, of kernels that have several or could. */
  readonly nodes: readonly { readonly node: number; readonly pages: number }[];
}

const UNPURGED = 'unpurged vm_area';
const FLAG = /^(?:vmalloc|vmap|ioremap|sparse|user|dma-coherent|vpages|lowmem|vm_map_ram|vm_area)$/;
/** Linux prints each once at most. */
const FLAGS_MAX = 10;
const NODE = /^N(\d+)=(\d+)$/;
/** Linux 2.6 and 3.x print no `0x`. */
const PHYSICAL = /^phys=(?:0x)?([0-9a-f]+)$/;
const PAGES = /^pages=(\d+)$/;
const POINTERS =
  /^(0x(?:[0-9a-f]{1,16}| {0,10}\(\w{1,14}\)))-(0x(?:[0-9a-f]{1,16}| {0,10}\(\w{1,14}\))) +(\d+)( .*)?$/;

/** Above the 48 bits that an address of this kernel has: all ones on x86-64. */
const CANONICAL = 0xffff_0000_0000_0000n;

/**
 * The areas as /proc/vmallocinfo lists them, with real addresses, as root sees them with kptr_restrict=0. O(areas).
 * @example
 * ```js
 * const { kernel } = new Kernel().vm;
 * kernel.vmalloc(10_000, { caller: 'load_module+0x94/0x3e0' });
 * const [{ start, bytes, pages, caller }] = vmallocinfoOf(kernel);
 * // The guard page counts to the bytes, but has no frame.
 * [bytes, pages];   // => [16384, 3]
 * start.toString(16);   // => 'ffffc90000000000'
 * caller;   // => 'load_module+0x94/0x3e0'
 * ```
 */
export function vmallocinfoOf(space: KernelSpace): VmallocinfoArea[] {
  return Array.from(space.areas, ({ start, end, pages, caller }) => ({
    start: BigInt(start) | CANONICAL,
    end: BigInt(end) | CANONICAL,
    bytes: end - start,
    caller,
    pages,
    physical: null,
    flags: ['vmalloc'],
    nodes: [],
  }));
}

/**
 * The text of /proc/vmallocinfo, as Linux prints it.
 * @example
 * ```js
 * const { kernel } = new Kernel().vm;
 * kernel.vmalloc(4096, { caller: 'probe+0x10/0x80' });
 * const text = printVmallocinfo(vmallocinfoOf(kernel));
 * text.slice(38);   // => '   8192 probe+0x10/0x80 pages=1 vmalloc\n'
 * ```
 */
export function printVmallocinfo(areas: readonly VmallocinfoArea[]): string {
  return areas
    .map(({ start, end, bytes, caller, pages, physical, flags, nodes }) => {
      const parts = [
        `${pointer(start)}-${pointer(end)} ${String(bytes).padStart(7)}`,
        ...(caller === '' ? [] : [caller]),
        ...(pages === 0 ? [] : [`pages=${pages}`]),
        ...(physical === null ? [] : [`phys=${pointer(physical)}`]),
        ...flags,
        ...nodes.map(({ node, pages }) => `N${node}=${pages}`),
      ];
      return `${parts.join(' ')}\n`;
    })
    .join('');
}

/**
 * Reads the text of /proc/vmallocinfo; real addresses, or hashes of them, of which `end - start` is not the size.
 * @param file named in errors
 * @throws ProcFormatError naming the line of another form, or of more nodes or flags than Linux can have
 * @example
 * ```js
 * const text = '0x000000003f9a2e1b-0x00000000c2b0d7aa   20480 fork+0x94/0x3e0 pages=4 vmalloc N0=4\n';
 * const [area] = parseVmallocinfo(text);
 * [area.bytes, area.pages, area.caller];   // => [20480, 4, 'fork+0x94/0x3e0']
 * [area.flags, area.nodes];   // => [['vmalloc'], [{ node: 0, pages: 4 }]]
 * parseVmallocinfo('0x1-0x2');   // => throws ProcFormatError: /proc/vmallocinfo:1
 * ```
 */
export function parseVmallocinfo(text: string, file = '/proc/vmallocinfo'): VmallocinfoArea[] {
  return linesOf(text, file).map((line) => {
    const [, start = '', end = '', bytes, tail = ''] = line.match(
      POINTERS,
      "'0xSTART-0xEND', a size and what is known of the area",
    );
    const words = new WordsFromEnd(tail);
    const nodes: { node: number; pages: number }[] = [];
    for (let found = words.take(NODE); found !== null; found = words.take(NODE)) {
      nodes.push({ node: line.node(found[1]), pages: Number(found[2]) });
      line.atMost(nodes.length, NODES_MAX, 'memory nodes');
    }
    const flags: string[] = [];
    for (let found = words.take(FLAG); found !== null; found = words.take(FLAG)) {
      flags.push(found[0] === 'vm_area' ? UNPURGED : found[0]);
      line.atMost(flags.length, FLAGS_MAX, 'flags');
    }
    const physical = words.take(PHYSICAL)?.[1];
    const pages = words.take(PAGES)?.[1];
    return {
      start: addressOf(start),
      end: addressOf(end),
      bytes: Number(bytes),
      caller: words.rest.trimStart(),
      pages: Number(pages ?? 0),
      physical: physical === undefined ? null : BigInt(`0x${physical}`),
      flags: flags.reverse(),
      nodes: nodes.reverse(),
    };
  });
}

/** What follows the size, taken word by word from the end, as what names the caller is any text. O(the word) each. */
class WordsFromEnd {
  rest: string;

  constructor(text: string) {
    this.rest = text;
  }

  /** Takes the last word where the pattern finds it; null, and it stays, where not. */
  take(pattern: RegExp): RegExpExecArray | null {
    const { rest } = this;
    const space = rest.lastIndexOf(' ');
    const found = space < 0 ? null : pattern.exec(rest.slice(space + 1));
    if (found === null) return null;
    // The one flag of two words.
    if (found[0] === 'vm_area') {
      if (!rest.endsWith(` ${UNPURGED}`)) return null;
      this.rest = rest.slice(0, -UNPURGED.length - 1).trimEnd();
    } else this.rest = rest.slice(0, space).trimEnd();
    return found;
  }
}

/** Null of `(null)`, `(ptrval)`: a kernel that hides addresses. */
function addressOf(pointer: string): bigint | null {
  return pointer.endsWith(')') ? null : BigInt(pointer);
}

function pointer(address: bigint | null): string {
  return `0x${address === null ? '(null)'.padStart(16) : address.toString(16).padStart(16, '0')}`;
}
