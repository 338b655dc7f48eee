/* Included by Lua; what it would use of it is replaced in wasi.h. */
