/**
 * Whether this is JavaScriptCore (Safari, Bun): the only engine whose errors have a `line` of their own. It copies most
 * WebAssembly memories when they grow, and fills shared memory as fast as any other.
 */
export const JAVASCRIPTCORE = Object.hasOwn(new Error(), 'line');
