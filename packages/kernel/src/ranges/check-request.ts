/** @throws RangeError unless `size` is a whole number of bytes from 1 to 2^53 - 1 and `align` a power of two */
export function checkRequest(size: number, align: number): void {
  if (!(Number.isSafeInteger(size) && size > 0)) {
    throw new RangeError(`size must be a whole number of bytes from 1 to 2^53 - 1, got ${String(size)}`);
  }
  if (!(align >= 1 && Number.isInteger(Math.log2(align)))) {
    throw new RangeError(`align must be a power of two, got ${String(align)}`);
  }
}
