/** The heap, on a WebAssembly.Memory that grows as it needs, or on other memory. */
import { Heap, type HeapOptions, type MemorySource } from 'freehold';
import type { Peer } from './replay.js';
import { WebAssembly } from './webassembly.js';

/** The most pages of 64 KiB that addresses of 32 bits reach. */
const PAGES_MAX = 65536;

export function freehold(
  options: HeapOptions,
  memory: MemorySource = new WebAssembly.Memory({ initial: 1, maximum: PAGES_MAX }),
): Peer {
  const heap = Heap.create(memory, options);
  return { malloc: heap, memory: heap.memory, footprint: () => heap.stats().footprintBytes };
}
