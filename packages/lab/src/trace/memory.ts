/** Where the columns of a trace lie. */

/**
 * Memory that threads can share without copying. A page of the Web that is not isolated from others has none: it gets
 * memory of its own, which is copied to its workers.
 */
export function sharedMemory(bytes: number): ArrayBufferLike {
  return typeof SharedArrayBuffer === 'undefined' ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
}

/** Whether `sharedMemory` gave it. */
export function isShared(buffer: ArrayBufferLike): boolean {
  return typeof SharedArrayBuffer === 'undefined' || buffer instanceof SharedArrayBuffer;
}
