/*
 * What Lua 5.4 needs and WASI's C library lacks, put before every file of it with -include.
 *
 * Lua raises errors with longjmp, which WebAssembly does not have: here the host calls the protected function and
 * throws, and its exception unwinds the module's frames. Temporary files and other programs do not exist.
 */
#ifndef LUA_WASI_H
#define LUA_WASI_H

#include <stdio.h>
#include <stdlib.h>

struct lua_State;
__attribute__((import_module("lua"), import_name("try"))) void host_try(
    void (*function)(struct lua_State *L, void *argument), struct lua_State *L, void *argument);
__attribute__((import_module("lua"), import_name("throw"), noreturn)) void host_throw(void);

/* The names f, L and ud are those of luaD_rawrunprotected, the one place where LUAI_TRY stands. */
#define LUAI_TRY(L, c, a) host_try(f, L, ud);
#define LUAI_THROW(L, c) host_throw()
#define luai_jmpbuf int

#define LUA_TMPNAMBUFSIZE 1
#define lua_tmpnam(b, e) ((void)(b), (e) = 1)
#define system(command) ((void)(command), -1)
#define tmpfile() ((FILE *)0)

#endif
