/*
 * Counts the words of a text and makes use of all that a C program may ask of malloc: a buffer that realloc grows, a
 * hash table from calloc, a list that is merge-sorted and freed in another order than it was made, matrices on
 * aligned_alloc and posix_memalign, strings that grow and shrink, requests that must fail, and, in WebAssembly, memory
 * that the program adds behind its heap's back. It prints the same on every machine, or what it found wrong.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#else
size_t malloc_usable_size(void *block);
#endif

struct word {
  struct word *next;
  unsigned count;
  char text[];
};

struct table {
  struct word **buckets;
  size_t size, words;
};

static _Noreturn void fail(const char *what) {
  printf("failed: %s\n", what);
  exit(1);
}

static void *must(void *block) {
  if (block == NULL) {
    fputs("out of memory\n", stdout);
    exit(3);
  }
  return block;
}

/* Pages that nobody gave to the heap: every view of the memory that its owner holds is stale from here on. */
static void grow_memory(void) {
#ifdef __wasm__
  if (__builtin_wasm_memory_grow(0, 1) == SIZE_MAX) fail("memory.grow");
#endif
}

static uint32_t random_state = 1;

static uint32_t next_random(void) {
  random_state = random_state * 1664525u + 1013904223u;
  return random_state >> 8;
}

static char *read_all(FILE *file, size_t *length) {
  size_t room = 16;
  char *text = must(malloc(room));
  *length = 0;
  for (size_t got; (got = fread(text + *length, 1, room - *length, file)) > 0;) {
    *length += got;
    if (*length == room) text = must(realloc(text, room += room / 2));
  }
  return must(realloc(text, *length + 1));
}

static uint32_t hash(const char *text, size_t length) {
  uint32_t h = 2166136261u;
  while (length-- > 0) h = (h ^ (unsigned char)*text++) * 16777619u;
  return h;
}

static void rehash(struct table *table, size_t size) {
  struct word **buckets = must(calloc(size, sizeof *buckets));
  for (size_t i = 0; i < size; i++) {
    if (buckets[i] != NULL) fail("calloc gave bytes that are not 0");
  }
  for (size_t i = 0; i < table->size; i++) {
    for (struct word *word = table->buckets[i], *next; word != NULL; word = next) {
      next = word->next;
      struct word **bucket = &buckets[hash(word->text, strlen(word->text)) % size];
      word->next = *bucket;
      *bucket = word;
    }
  }
  free(table->buckets);
  table->buckets = buckets;
  table->size = size;
}

/* Whether the word is new. */
static int count(struct table *table, const char *text, size_t length) {
  if (table->words >= table->size) rehash(table, table->size * 2 + 7);
  struct word **bucket = &table->buckets[hash(text, length) % table->size];
  for (struct word *word = *bucket; word != NULL; word = word->next) {
    if (strncmp(word->text, text, length) == 0 && word->text[length] == 0) {
      word->count++;
      return 0;
    }
  }
  struct word *word = must(malloc(sizeof *word + length + 1));
  word->count = 1;
  memcpy(word->text, text, length);
  word->text[length] = 0;
  word->next = *bucket;
  *bucket = word;
  table->words++;
  return 1;
}

static int before(const struct word *a, const struct word *b) {
  return a->count != b->count ? a->count > b->count : strcmp(a->text, b->text) < 0;
}

static struct word *sorted(struct word *list) {
  if (list == NULL || list->next == NULL) return list;
  struct word *middle = list;
  for (struct word *end = list->next; end != NULL && end->next != NULL; end = end->next->next) middle = middle->next;
  struct word *b = sorted(middle->next);
  middle->next = NULL;
  struct word *a = sorted(list), *first = NULL, **last = &first;
  while (a != NULL && b != NULL) {
    struct word **least = before(a, b) ? &a : &b;
    *last = *least;
    *least = (*least)->next;
    last = &(*last)->next;
  }
  *last = a != NULL ? a : b;
  return first;
}

static int is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

static void count_words(const char *text, size_t length) {
  struct table table = {NULL, 0, 0};
  for (size_t i = 0; i < length;) {
    size_t start = i;
    while (i < length && is_letter(text[i])) i++;
    if (i > start) {
      if (count(&table, text + start, i - start) && table.words % 20 == 0) grow_memory();
    } else
      i++;
  }
  struct word *list = NULL;
  for (size_t i = 0; i < table.size; i++) {
    for (struct word *word = table.buckets[i], *next; word != NULL; word = next) {
      next = word->next;
      word->next = list;
      list = word;
    }
  }
  free(table.buckets);
  printf("%zu words\n", table.words);
  int rank = 0;
  for (struct word *word = sorted(list), *next; word != NULL; word = next) {
    next = word->next;
    if (rank++ < 10) printf("%6u %s\n", word->count, word->text);
    free(word);
  }
}

static void check_alignment(void *block, size_t alignment) {
  if ((uintptr_t)block % alignment != 0) fail("a block is not aligned");
}

static void multiply_matrices(void) {
  enum { N = 48 };
  double *a = must(aligned_alloc(64, N * N * sizeof *a)), *b = must(aligned_alloc(1024, N * N * sizeof *b));
  void *c_block = NULL;
  int error = posix_memalign(&c_block, 4096, N * N * sizeof(double));
  if (error != 0) must(NULL);
  double *c = c_block;
  check_alignment(a, 64);
  check_alignment(b, 1024);
  check_alignment(c, 4096);
  for (int i = 0; i < N * N; i++) a[i] = i % 7, b[i] = i % 5, c[i] = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++)
      for (int k = 0; k < N; k++) c[i * N + j] += a[i * N + k] * b[k * N + j];
  double trace = 0;
  for (int i = 0; i < N; i++) trace += c[i * N + i];
  printf("trace %.1f\n", trace);
  free(b);
  free(c);
  free(a);
}

/* 200 strings of changing lengths, each filled with its own letter. */
static void edit_strings(void) {
  enum { STRINGS = 200, EDITS = 20000 };
  char *strings[STRINGS] = {0};
  size_t lengths[STRINGS] = {0}, total = 0;
  for (int edit = 0; edit < EDITS; edit++) {
    int i = (int)(next_random() % STRINGS);
    char letter = (char)('a' + i % 26);
    size_t length = next_random() % (edit % 100 == 0 ? 30000 : 300) + 1;
    char *string = must(realloc(strings[i], length));
    if (malloc_usable_size(string) < length) fail("malloc_usable_size is less than was asked for");
    for (size_t at = 0; at < length && at < lengths[i]; at++) {
      if (string[at] != letter) fail("realloc lost contents");
    }
    memset(string, letter, length);
    strings[i] = string;
    lengths[i] = length;
    if (edit % 1000 == 0) grow_memory();
    if (edit % 7 == 0) {
      free(strings[i]);
      strings[i] = NULL;
      lengths[i] = 0;
    }
  }
  for (int i = 0; i < STRINGS; i++) {
    total += lengths[i];
    free(strings[i]);
  }
  printf("%zu letters\n", total);
}

static void refuse(void) {
  /* Volatile, so that no compiler knows better. */
  volatile size_t huge = SIZE_MAX - 100, half = SIZE_MAX / 2 + 2;
  char *kept = must(malloc(100));
  memset(kept, 'k', 100);
  errno = 0;
  if (malloc(huge) != NULL || errno != ENOMEM) fail("malloc(SIZE_MAX - 100)");
  if (calloc(half, 2) != NULL) fail("calloc of a product that overflows");
  if (realloc(kept, huge) != NULL) fail("realloc to SIZE_MAX - 100");
  for (int i = 0; i < 100; i++) {
    if (kept[i] != 'k') fail("a realloc that failed changed the block");
  }
  void *unchanged = kept;
  if (posix_memalign(&unchanged, 24, 8) != EINVAL) fail("posix_memalign of alignment 24");
  if (posix_memalign(&unchanged, 64, huge) != ENOMEM) fail("posix_memalign of SIZE_MAX - 100");
  if (unchanged != kept) fail("a posix_memalign that failed changed the pointer");
  void *empty = must(malloc(0)), *other = must(malloc(0));
  if (empty == other) fail("malloc(0) is not a block of its own");
  free(empty);
  free(other);
  free(NULL);
  free(kept);
  puts("refusals as they should be");
}

int main(void) {
  size_t length;
  char *text = read_all(stdin, &length);
  printf("%zu bytes\n", length);
  count_words(text, length);
  free(text);
  multiply_matrices();
  edit_strings();
  refuse();
  return 0;
}
