/* Debian's Lua asks for this header, which its packaging would generate; it is a part of a search path. */
#define DEB_HOST_MULTIARCH "none"
