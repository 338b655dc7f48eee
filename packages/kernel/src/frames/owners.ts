/** Who holds each frame: the descriptors tell it of the first frame of a block only. */
import { FRAME_HEAD, type FrameDescriptors, OWNER_NAMES, OWNER_RESERVED } from './descriptors.js';

/** The OWNER_ constant of every frame. O(frames). */
export function ownersOf(descriptors: FrameDescriptors): Uint8Array {
  const { frames, flags, order, owner } = descriptors;
  const owners = new Uint8Array(frames);
  for (let frame = 0; frame < frames; ) {
    const head = (flags[frame]! & FRAME_HEAD) !== 0;
    const count = head ? 1 << order[frame]! : 1;
    if (head || owner[frame] === OWNER_RESERVED) owners.fill(owner[frame]!, frame, frame + count);
    frame += count;
  }
  return owners;
}

/** Frames of each owner, by OWNER_ constant; free ones included. O(frames). */
export function countOwners(descriptors: FrameDescriptors): number[] {
  const counts = new Array<number>(OWNER_NAMES.length).fill(0);
  for (const owner of ownersOf(descriptors)) counts[owner]!++;
  return counts;
}
