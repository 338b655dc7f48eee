// AssemblyScript: the allocator of its runtime under C's names. Compiled by `asc`, which knows usize, load and heap.
export function malloc(size: usize): usize {
  return heap.alloc(size);
}

export function realloc(address: usize, size: usize): usize {
  return heap.realloc(address, size);
}

export function calloc(count: usize, size: usize): usize {
  const address = heap.alloc(count * size);
  memory.fill(address, 0, count * size);
  return address;
}

export function free(address: usize): void {
  heap.free(address);
}

/** The header in front of a block holds its size, and two flags in the lowest bits. */
export function malloc_usable_size(address: usize): usize {
  return load<usize>(address - sizeof<usize>()) & ~3;
}

export function heap_base(): usize {
  return __heap_base;
}
