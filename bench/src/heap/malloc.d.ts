/** What of the package `malloc`, which brings no types, is used here. */
declare module 'malloc' {
  export default class Allocator {
    constructor(buffer: ArrayBuffer);
    alloc(bytes: number): number;
    calloc(bytes: number): number;
    free(address: number): number;
    sizeOf(address: number): number;
  }
}
