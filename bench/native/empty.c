/* In a file of its own, so that the compiler cannot see through the calls. */
#include "empty.h"

static char constant[16];

void *empty_malloc(size_t bytes) { return (void)bytes, constant; }
void *empty_calloc(size_t count, size_t bytes) { return (void)count, (void)bytes, constant; }
void *empty_realloc(void *block, size_t bytes) { return (void)block, (void)bytes, constant; }
int empty_memalign(void **block, size_t align, size_t bytes) {
  (void)align, (void)bytes;
  *block = constant;
  return 0;
}
void empty_free(void *block) { (void)block; }
