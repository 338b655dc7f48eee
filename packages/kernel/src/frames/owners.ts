/** Who holds each frame: the descriptors tell it of the first frame of a block only. */
import { FRAME_HEAD, type FrameDescriptors, OWNER_NAMES, OWNER_RESERVED } from './descriptors.js';

/**
 * The OWNER_ constant of every frame, also of those inside a block. O(frames).
 * @example
 * ```js
 * const { pages } = new Kernel();
 * const frame = pages.allocPages(GFP_KERNEL, 1);
 * const owners = ownersOf(pages.descriptors);
 * [owners[frame], owners[frame + 1]].map((owner) => OWNER_NAMES[owner]);   // => ['kernel', 'kernel']
 * owners[0] === OWNER_RESERVED;   // => true
 * ```
 */
export function ownersOf(descriptors: FrameDescriptors): Uint8Array {
  const { frames, flags, order, owner } = descriptors;
  const owners = new Uint8Array(frames);
  for (let frame = 0; frame < frames; ) {
    const head = (flags[frame] & FRAME_HEAD) !== 0;
    const count = head ? 1 << order[frame] : 1;
    if (head || owner[frame] === OWNER_RESERVED) owners.fill(owner[frame], frame, frame + count);
    frame += count;
  }
  return owners;
}

/**
 * How many frames each owner holds, by OWNER_ constant; free ones included, so that all add up to the machine.
 * O(frames).
 * @example
 * ```js
 * const { machine, pages } = new Kernel();
 * const before = countOwners(pages.descriptors);
 * pages.allocPages(GFP_KERNEL, 3);
 * const after = countOwners(pages.descriptors);
 * after[OWNER_KERNEL] - before[OWNER_KERNEL];   // => 8
 * after.reduce((sum, frames) => sum + frames) === machine.frames;   // => true
 * ```
 */
export function countOwners(descriptors: FrameDescriptors): number[] {
  const counts = new Array<number>(OWNER_NAMES.length).fill(0);
  for (const owner of ownersOf(descriptors)) counts[owner]++;
  return counts;
}
