/*
 * Records a program's calls to malloc and its relatives as text, one call a line, in the notation of Android's
 * memory_replay:
 *
 *     thread: malloc ADDRESS SIZE
 *     thread: calloc ADDRESS COUNT SIZE
 *     thread: realloc NEW_ADDRESS OLD_ADDRESS SIZE
 *     thread: memalign ADDRESS ALIGNMENT SIZE
 *     thread: free ADDRESS
 *
 *     cc -O2 -fPIC -shared -o recorder.so recorder.c
 *     env FREEHOLD_RECORD=calls.txt LD_PRELOAD=$PWD/recorder.so program argument ...
 *
 * For glibc, whose own malloc stays in charge behind it. One lock is held over the real call and its line, so the
 * lines stand in the order in which the calls happened, whatever the number of threads. Every line is one write(2):
 * slow, but nothing is lost when a program ends by _exit, abort or a signal. Only the first program that opens the
 * file is recorded; its children, forked or executed, are not. Calls that fail change nothing and leave no line.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);
extern void *__libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void *block);

/* Far above the descriptors that daemons close when they start. */
enum { LOWEST_DESCRIPTOR = 900, NOT_OPENED = -2, CLOSED = -1 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int recording = NOT_OPENED;
static unsigned threads;
static __thread unsigned thread __attribute__((tls_model("initial-exec")));

/* Opens the file named by FREEHOLD_RECORD, which must not exist yet. */
static int open_recording(void) {
  const char *path = getenv("FREEHOLD_RECORD");
  if (path == NULL) return CLOSED;
  int low = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
  if (low < 0) return CLOSED;
  int high = fcntl(low, F_DUPFD_CLOEXEC, LOWEST_DESCRIPTOR);
  if (high < 0) return low;
  close(low);
  return high;
}

/* Called with the lock held; leaves errno as the recorded call left it. */
__attribute__((format(printf, 1, 2))) static void record(const char *format, ...) {
  int error = errno;
  if (recording == NOT_OPENED) recording = open_recording();
  if (recording >= 0) {
    char line[128];
    if (thread == 0) thread = ++threads;
    int length = snprintf(line, sizeof line, "%u: ", thread);
    va_list arguments;
    va_start(arguments, format);
    length += vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    if (write(recording, line, (size_t)length) != length) {
      static const char message[] = "recorder: cannot write the recording\n";
      if (write(STDERR_FILENO, message, sizeof message - 1) < 0) { /* nobody left to tell */ }
      abort();
    }
  }
  errno = error;
}

static uintptr_t address(const void *block) { return (uintptr_t)block; }

void *malloc(size_t size) {
  pthread_mutex_lock(&lock);
  void *block = __libc_malloc(size);
  if (block != NULL) record("malloc 0x%lx %zu\n", address(block), size);
  pthread_mutex_unlock(&lock);
  return block;
}

void *calloc(size_t count, size_t size) {
  pthread_mutex_lock(&lock);
  void *block = __libc_calloc(count, size);
  if (block != NULL) record("calloc 0x%lx %zu %zu\n", address(block), count, size);
  pthread_mutex_unlock(&lock);
  return block;
}

void *realloc(void *old, size_t size) {
  pthread_mutex_lock(&lock);
  uintptr_t before = address(old);
  void *block = __libc_realloc(old, size);
  if (block != NULL || (before != 0 && size == 0)) record("realloc 0x%lx 0x%lx %zu\n", address(block), before, size);
  pthread_mutex_unlock(&lock);
  return block;
}

void *reallocarray(void *old, size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) {
    errno = ENOMEM;
    return NULL;
  }
  return realloc(old, bytes);
}

void *memalign(size_t alignment, size_t size) {
  pthread_mutex_lock(&lock);
  void *block = __libc_memalign(alignment, size);
  if (block != NULL) record("memalign 0x%lx %zu %zu\n", address(block), alignment, size);
  pthread_mutex_unlock(&lock);
  return block;
}

void *aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }

int posix_memalign(void **result, size_t alignment, size_t size) {
  if (alignment % sizeof(void *) != 0 || (alignment & (alignment - 1)) != 0 || alignment == 0) return EINVAL;
  int error = errno;
  void *block = memalign(alignment, size);
  errno = error;
  if (block == NULL) return ENOMEM;
  *result = block;
  return 0;
}

void *valloc(size_t size) { return memalign((size_t)sysconf(_SC_PAGESIZE), size); }

void *pvalloc(size_t size) {
  size_t page = (size_t)sysconf(_SC_PAGESIZE);
  return memalign(page, (size + page - 1) / page * page);
}

void free(void *block) {
  pthread_mutex_lock(&lock);
  record("free 0x%lx\n", address(block));
  __libc_free(block);
  pthread_mutex_unlock(&lock);
}

static void before_fork(void) { pthread_mutex_lock(&lock); }
static void after_fork_in_parent(void) { pthread_mutex_unlock(&lock); }
static void after_fork_in_child(void) {
  recording = CLOSED;
  pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void follow_forks(void) {
  pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}
