/*
 * C's memory functions for a WebAssembly module whose heap is freehold's. Compile and link this file with the module's
 * own sources (wasi-libc, clang --target=wasm32-wasi, and -Wl,--export=__heap_base): the C library's malloc is then
 * left out, and the module imports the seven functions that mallocImports gives, from the import module "freehold".
 *
 * Licence: MIT, as the package.
 */
#include <errno.h>
#include <stddef.h>

#define IMPORT(name) __attribute__((import_module("freehold"), import_name(#name)))

IMPORT(malloc) void *freehold_malloc(size_t size);
IMPORT(calloc) void *freehold_calloc(size_t count, size_t size);
IMPORT(realloc) void *freehold_realloc(void *block, size_t size);
IMPORT(free) void freehold_free(void *block);
IMPORT(aligned_alloc) void *freehold_aligned_alloc(size_t alignment, size_t size);
IMPORT(posix_memalign) int freehold_posix_memalign(void **block, size_t alignment, size_t size);
IMPORT(malloc_usable_size) size_t freehold_malloc_usable_size(void *block);

/* POSIX asks for errno where C only asks for NULL. */
static void *told(void *block) {
  if (block == NULL) errno = ENOMEM;
  return block;
}

void *malloc(size_t size) { return told(freehold_malloc(size)); }

void *calloc(size_t count, size_t size) { return told(freehold_calloc(count, size)); }

void *realloc(void *block, size_t size) { return told(freehold_realloc(block, size)); }

void free(void *block) {
  if (block != NULL) freehold_free(block);
}

void *aligned_alloc(size_t alignment, size_t size) {
  if (alignment == 0 || (alignment & (alignment - 1)) != 0) {
    errno = EINVAL;
    return NULL;
  }
  return told(freehold_aligned_alloc(alignment, size));
}

int posix_memalign(void **block, size_t alignment, size_t size) {
  return freehold_posix_memalign(block, alignment, size);
}

size_t malloc_usable_size(void *block) { return freehold_malloc_usable_size(block); }

/* The names by which the C library calls its own. Without them its malloc would be linked a second time. */
void *__libc_malloc(size_t size) { return malloc(size); }
void *__libc_calloc(size_t count, size_t size) { return calloc(count, size); }
void __libc_free(void *block) { free(block); }
