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

/** What the file tells of these areas: real addresses, as root sees them with kptr_restrict=0. */
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

/** @throws ProcFormatError */
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
