/**
 * How the objects of a cache lie in its slabs. Source: Linux mm/slub.c, `calculate_order`: the smallest slab that
 * holds enough objects and wastes little; sizes printed in /proc/slabinfo of a small Linux come out the same.
 */
import { FRAME_BYTES } from '../machine.js';

/** Slabs have at most 8 frames. */
const MAX_ORDER = 3;
const MIN_OBJECTS = 12;

export interface SlabGeometry {
  /** log2 of the frames of a slab. */
  readonly order: number;
  readonly objectsPerSlab: number;
  /** Bytes from one object to the next. */
  readonly stride: number;
  /** Bytes left over in a slab when its objects are laid down: what colouring shifts them by. */
  readonly leftover: number;
}

/**
 * @param stride bytes from object to object, at most 2^15
 * @returns null when not even one object fits into the largest slab
 */
export function slabGeometry(stride: number): SlabGeometry | null {
  const whole = FRAME_BYTES << MAX_ORDER;
  if (stride > whole) return null;
  for (let minObjects = Math.min(MIN_OBJECTS, Math.floor(whole / stride)); minObjects >= 1; minObjects--) {
    for (const fraction of [16, 8, 4]) {
      for (let order = 0; order <= MAX_ORDER; order++) {
        const bytes = FRAME_BYTES << order;
        const objectsPerSlab = Math.floor(bytes / stride);
        const leftover = bytes - objectsPerSlab * stride;
        if (objectsPerSlab >= minObjects && leftover <= bytes / fraction) {
          return { order, objectsPerSlab, stride, leftover };
        }
      }
    }
  }
  const objectsPerSlab = Math.floor(whole / stride);
  return { order: MAX_ORDER, objectsPerSlab, stride, leftover: whole - objectsPerSlab * stride };
}

/** Objects that a CPU keeps at hand. Source: Linux mm/slab.c, `enable_cpucache`. */
export function cpuLimit(objectSize: number): number {
  if (objectSize > 131072) return 1;
  if (objectSize > 4096) return 8;
  if (objectSize > 1024) return 24;
  return objectSize > 256 ? 54 : 120;
}
