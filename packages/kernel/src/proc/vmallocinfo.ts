/**
 * /proc/vmallocinfo: the areas of the kernel's virtually contiguous memory. Source: Linux mm/vmalloc.c, `s_show`.
 * Where the kernel hides addresses it prints a hash for each, so that `end - start` is not the size.
 */
import type { KernelSpace } from '../vm/kernel-space.js';
import { linesOf } from './lines.js';

export interface VmallocinfoArea {
  readonly start: bigint;
  readonly end: bigint;
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

const FLAGS = / (vmalloc|vmap|ioremap|sparse|user|dma-coherent|vpages|lowmem|vm_map_ram|unpurged vm_area)$/;

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
 * @throws ProcFormatError naming the line of another form
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
      /^(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16}) +(\d+)( .*)?$/,
      "'0xSTART-0xEND', a size and what is known of the area",
    );
    // From the end, as what names the caller is any text.
    let rest = tail;
    const takeLast = (pattern: RegExp): RegExpExecArray | null => {
      const found = pattern.exec(rest);
      if (found !== null) rest = rest.slice(0, found.index);
      return found;
    };
    const nodes: { node: number; pages: number }[] = [];
    for (let found = takeLast(/ N(\d+)=(\d+)$/); found !== null; found = takeLast(/ N(\d+)=(\d+)$/)) {
      nodes.unshift({ node: Number(found[1]), pages: Number(found[2]) });
    }
    const flags: string[] = [];
    for (let found = takeLast(FLAGS); found !== null; found = takeLast(FLAGS)) flags.unshift(found[1]!);
    const physical = takeLast(/ phys=(0x[0-9a-f]+)$/)?.[1];
    const pages = takeLast(/ pages=(\d+)$/)?.[1];
    return {
      start: BigInt(start),
      end: BigInt(end),
      bytes: Number(bytes),
      caller: rest.trimStart(),
      pages: Number(pages ?? 0),
      physical: physical === undefined ? null : BigInt(physical),
      flags,
      nodes,
    };
  });
}

function pointer(address: bigint): string {
  return `0x${address.toString(16).padStart(16, '0')}`;
}
