/**
 * /proc/vmallocinfo: the areas of the kernel's virtually contiguous memory. Source: Linux mm/vmalloc.c, `s_show`.
 * Where the kernel hides addresses it prints a hash for each, so that `end - start` is not the size.
 */
import type { KernelSpace } from '../vm/kernel-space.js';
import { linesOf, NODES_MAX } from './lines.js';

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

const UNPURGED = 'unpurged vm_area';
const FLAG = /^(?:vmalloc|vmap|ioremap|sparse|user|dma-coherent|vpages|lowmem|vm_map_ram|vm_area)$/;
/** Linux prints each once at most. */
const FLAGS_MAX = 10;
const NODE = /^N(\d+)=(\d+)$/;
const PHYSICAL = /^phys=(0x[0-9a-f]+)$/;
const PAGES = /^pages=(\d+)$/;

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

/** @throws ProcFormatError also where there are more nodes or flags than Linux can have */
export function parseVmallocinfo(text: string, file = '/proc/vmallocinfo'): VmallocinfoArea[] {
  return linesOf(text, file).map((line) => {
    const [, start = '', end = '', bytes, tail = ''] = line.match(
      /^(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16}) +(\d+)( .*)?$/,
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
      start: BigInt(start),
      end: BigInt(end),
      bytes: Number(bytes),
      caller: words.rest.trimStart(),
      pages: Number(pages ?? 0),
      physical: physical === undefined ? null : BigInt(physical),
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
      this.rest = rest.slice(0, -UNPURGED.length - 1);
    } else this.rest = rest.slice(0, space);
    return found;
  }
}

function pointer(address: bigint): string {
  return `0x${address.toString(16).padStart(16, '0')}`;
}
