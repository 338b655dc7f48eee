/* The empty malloc: replay.c compiled with `-include empty.h` calls these, which do nothing. The floor of its loop. */
#include <stddef.h>
#include <stdlib.h>
#define malloc empty_malloc
#define calloc empty_calloc
#define realloc empty_realloc
#define posix_memalign empty_memalign
#define free empty_free
void *empty_malloc(size_t bytes);
void *empty_calloc(size_t count, size_t bytes);
void *empty_realloc(void *block, size_t bytes);
int empty_memalign(void **block, size_t align, size_t bytes);
void empty_free(void *block);
