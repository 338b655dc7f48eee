/* Turns on glibc's own recorder, mtrace, in a program that does not call it: preload after libc_malloc_debug.so.0. */
#include <mcheck.h>

__attribute__((constructor)) static void start(void) { mtrace(); }
