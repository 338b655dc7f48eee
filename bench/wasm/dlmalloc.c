/* The C library's own malloc, exported by the linker's flags; see src/heap/wasm.ts. */
extern char __heap_base;
unsigned long heap_base(void) { return (unsigned long)&__heap_base; }
