/*
 * Replays the operations of a recording through the malloc of this process: the C library's, or one put in front of it
 * by LD_PRELOAD. The same loop as bench/src/heap/replay.ts, for the other side of the comparison.
 *
 *   replay time OPERATIONS WARM_MS TIMED_MS BATCHES   median nanoseconds an operation
 *   replay utilisation OPERATIONS                     peaks: live bytes, footprint by the allocator's own accounting,
 *                                                     growth of the process's resident size
 *   replay version                                    which allocator this is
 *
 * The file of operations is described in bench/src/heap/operations.ts. Nothing here allocates while a replay runs:
 * columns and addresses lie in mappings of their own, so that the heap holds the recording's blocks only.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <gnu/libc-version.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { ALLOCATE, ZEROED, ALIGNED, REALLOCATE, FREE };

enum { TIMES_MAX = 1 << 16 };

static uint32_t length, slots;
static uint32_t *slot, *size;
static uint8_t *op, *align;
static char **live;

static void fail(const char *what) {
  fprintf(stderr, "replay: %s\n", what);
  exit(1);
}

static void *map(size_t bytes) {
  void *p = mmap(NULL, bytes + 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
  if (p == MAP_FAILED) fail("no memory for the columns");
  return p;
}

static void fill(int file, void *column, size_t bytes) {
  for (size_t got = 0; got < bytes;) {
    ssize_t more = read(file, (char *)column + got, bytes - got);
    if (more <= 0) fail("the file of operations is too short");
    got += more;
  }
}

/* Without stdio, whose buffer would be the first block of the heap that is measured. */
static void load(const char *path) {
  int file = open(path, O_RDONLY);
  if (file < 0) fail("cannot open the operations");
  uint32_t head[3];
  fill(file, head, sizeof head);
  length = head[0];
  slots = head[1];
  slot = map(4ul * length);
  size = map(4ul * length);
  op = map(length);
  align = map(length);
  live = map(sizeof(char *) * slots);
  fill(file, slot, 4ul * length);
  fill(file, size, 4ul * length);
  fill(file, op, length);
  fill(file, align, length);
  close(file);
}

/* posix_memalign, as aligned_alloc of some libraries refuses sizes that are no multiple of the alignment. */
static char *aligned(uint32_t bytes, uint8_t log2) {
  void *p;
  size_t least = log2 < 3 ? sizeof(void *) : (size_t)1 << log2;
  return posix_memalign(&p, least, bytes) == 0 ? p : NULL;
}

static inline void step(uint32_t i) {
  uint32_t s = slot[i];
  char *p;
  switch (op[i]) {
    case ALLOCATE: p = malloc(size[i]); break;
    case ZEROED: p = calloc(1, size[i]); break;
    case ALIGNED: p = aligned(size[i], align[i]); break;
    case REALLOCATE: p = realloc(live[s], size[i]); break;
    default: free(live[s]); return;
  }
  if (p == NULL) fail("out of memory");
  *(volatile char *)p = 1;
  live[s] = p;
}

static void replay(uint32_t repeats) {
  for (uint32_t k = 0; k < repeats; k++)
    for (uint32_t i = 0; i < length; i++) step(i);
}

/* Processor time of this process. */
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* The policy of timeReplays in replay.ts. */
static void timing(double warm_ns, double timed_ns, int batches) {
  static double times[TIMES_MAX];
  uint32_t repeats = length >= 50000 ? 1 : (50000 + length - 1) / length;
  double begin = now();
  do replay(repeats);
  while (now() - begin < warm_ns);
  int count = 0;
  begin = now();
  do {
    double from = now();
    replay(repeats);
    times[count++] = (now() - from) / ((double)length * repeats);
  } while (count < TIMES_MAX && (now() - begin < timed_ns || (count < batches && now() - begin < 5 * timed_ns)));
  qsort(times, count, sizeof *times, ascending);
  printf("%.4f\n", count % 2 ? times[count / 2] : (times[count / 2 - 1] + times[count / 2]) / 2);
}

/* glibc: what the break gave (arena) and what was mapped for large blocks (hblkhd). Walks the bins. */
static size_t glibc_bytes(void) {
  struct mallinfo2 info = mallinfo2();
  return info.arena + info.hblkhd;
}

/* jemalloc: pages in use by blocks, and its own metadata. */
static int (*mallctl)(const char *, void *, size_t *, void *, size_t);
static size_t jemalloc_bytes(void) {
  uint64_t epoch = 1;
  size_t bytes = sizeof(size_t), active = 0, metadata = 0;
  mallctl("epoch", NULL, NULL, &epoch, sizeof epoch);
  mallctl("stats.active", &active, &bytes, NULL, 0);
  mallctl("stats.metadata", &metadata, &bytes, NULL, 0);
  return active + metadata;
}

/* mimalloc: bytes committed, of the greater stretches it reserves. */
static void (*mi_process_info)(size_t *, size_t *, size_t *, size_t *, size_t *, size_t *, size_t *, size_t *);
static size_t mimalloc_bytes(void) {
  size_t commit = 0, other;
  mi_process_info(&other, &other, &other, &other, &other, &commit, &other, &other);
  return commit;
}

/* tcmalloc: bytes of its page heap, but those given back to the system. */
static int (*tcmalloc_property)(const char *, size_t *);
static size_t tcmalloc_bytes(void) {
  size_t heap = 0, unmapped = 0;
  tcmalloc_property("generic.heap_size", &heap);
  tcmalloc_property("tcmalloc.pageheap_unmapped_bytes", &unmapped);
  return heap - unmapped;
}

static size_t (*accounting(void))(void) {
  if ((*(void **)&mallctl = dlsym(RTLD_DEFAULT, "mallctl"))) return jemalloc_bytes;
  if ((*(void **)&mi_process_info = dlsym(RTLD_DEFAULT, "mi_process_info"))) return mimalloc_bytes;
  if ((*(void **)&tcmalloc_property = dlsym(RTLD_DEFAULT, "MallocExtension_GetNumericProperty"))) return tcmalloc_bytes;
  return glibc_bytes;
}

/*
 * Bytes of the process that are in memory and belong to no file, exactly: other counters of Linux are kept in batches by
 * each processor. The file gives them in KiB. Walks the page tables.
 */
static size_t resident_bytes(void) {
  static char text[2048];
  int file = open("/proc/self/smaps_rollup", O_RDONLY);
  ssize_t bytes = file < 0 ? -1 : read(file, text, sizeof text - 1);
  close(file);
  char *found = bytes > 0 ? strstr(text, "Anonymous:") : NULL;
  if (found == NULL) fail("cannot read /proc/self/smaps_rollup");
  return strtoul(found + strlen("Anonymous:"), NULL, 10) * 1024;
}

static long page_faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

/*
 * Every page of every block is written to, as a program would that asked for it. Both footprints are asked after each
 * operation that can have raised them; asking takes microseconds, as bins or page tables are walked. The resident one
 * rises only when a page faults. The allocator's own is asked after requests of 64 KiB and more, after those that moved
 * the break or raised the peak of live bytes by 1/1000, and every 64th time.
 */
static void utilisation(void) {
  size_t *requested = map(sizeof(size_t) * slots);
  size_t now_live = 0, peak_live = 0, asked_at = 0, peak = 0, peak_resident = 0;
  prctl(PR_SET_THP_DISABLE, 1, 0, 0, 0);
  size_t before = resident_bytes();
  long faults = page_faults();
  /* Only now, as dlsym allocates what it has to say of a name it does not find. */
  size_t (*footprint)(void) = accounting();
  char *top = sbrk(0);
  for (uint32_t i = 0; i < length; i++) {
    uint32_t s = slot[i];
    now_live -= requested[s];
    requested[s] = op[i] == FREE ? 0 : size[i];
    now_live += requested[s];
    step(i);
    if (op[i] == FREE) continue;
    for (size_t at = 0; at < size[i]; at += 4096) ((volatile char *)live[s])[at] = 1;
    ((volatile char *)live[s])[size[i] - 1] = 1;
    if (now_live > peak_live) peak_live = now_live;
    char *moved = sbrk(0);
    if (i % 64 == 0 || size[i] >= 65536 || moved != top || peak_live > asked_at + asked_at / 1000) {
      size_t bytes = footprint();
      if (bytes > peak) peak = bytes;
      top = moved;
      asked_at = peak_live;
    }
    long faulted = page_faults();
    if (faulted != faults) {
      size_t bytes = resident_bytes() - before;
      if (bytes > peak_resident) peak_resident = bytes;
      faults = faulted;
    }
  }
  printf("%zu %zu %zu\n", peak_live, peak, peak_resident);
}

static void version(void) {
  const char *(*tc_version)(int *, int *, const char **);
  int (*mi_version)(void);
  if (accounting() == jemalloc_bytes) {
    const char *text = "";
    size_t bytes = sizeof text;
    mallctl("version", &text, &bytes, NULL, 0);
    printf("jemalloc %.*s\n", (int)strcspn(text, "-"), text);
  } else if ((*(void **)&mi_version = dlsym(RTLD_DEFAULT, "mi_version"))) {
    int v = mi_version();
    printf("mimalloc %d.%d.%d\n", v / 100, v / 10 % 10, v % 10);
  } else if ((*(void **)&tc_version = dlsym(RTLD_DEFAULT, "tc_version"))) {
    printf("%s, tcmalloc minimal\n", tc_version(NULL, NULL, NULL));
  } else {
    printf("glibc %s\n", gnu_get_libc_version());
  }
}

int main(int argc, char **argv) {
  if (argc == 2 && strcmp(argv[1], "version") == 0) {
    version();
  } else if (argc == 3 && strcmp(argv[1], "utilisation") == 0) {
    load(argv[2]);
    utilisation();
  } else if (argc == 6 && strcmp(argv[1], "time") == 0) {
    load(argv[2]);
    timing(atof(argv[3]) * 1e6, atof(argv[4]) * 1e6, atoi(argv[5]));
  } else {
    fail("usage: replay time FILE WARM_MS TIMED_MS BATCHES | utilisation FILE | version");
  }
  return 0;
}
