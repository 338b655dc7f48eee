/** Which of many equal blocks in a row begin at a multiple of a power of two. */
import { lowestBit } from '../arguments.js';

/**
 * The first block from `from` on whose address `base + index * block` is a multiple of `align`, a power of two.
 *
 * Both sides are divided by the power of two that `block` and `align` have in common; what is left of `block` is odd,
 * hence has an inverse modulo the rest of `align`, which turns the condition into `index = r (mod align / common)`.
 *
 * @param block bytes, at most 2^31
 * @returns Infinity when there is none below 2^31
 */
export function firstAligned(base: number, block: number, align: number, from: number): number {
  const common = Math.min(align, lowestBit(block));
  if (base % common !== 0) return Number.POSITIVE_INFINITY;
  const stride = align / common;
  if (stride === 1) return from;
  // Indices are below 2^31: of longer strides only the last 31 bits matter, and the rest is checked.
  const mask = Math.min(stride, 2 ** 31) - 1;
  const wanted = Math.imul(-(base / common), inverse(block / common)) & mask;
  const index = from + ((wanted - from) & mask);
  return (base + index * block) % align === 0 ? index : Number.POSITIVE_INFINITY;
}

/** Of the odd number `odd` modulo 2^32: Newton's iteration doubles the bits that are right, three at first. */
function inverse(odd: number): number {
  let x = odd | 0;
  for (let bits = 3; bits < 32; bits *= 2) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}
