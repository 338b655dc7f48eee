/**
 * How much of each zone is kept back, and for whom. Source: Linux mm/page_alloc.c,
 * `__setup_per_zone_wmarks` and `setup_per_zone_lowmem_reserve`.
 */
import { FRAME_BYTES } from '../machine.js';

export interface Watermarks {
  /** Ordinary requests fail below this many free frames; urgent ones may go deeper. */
  readonly min: number;
  /** Background reclaim is woken below this. */
  readonly low: number;
  /** Background reclaim rests above this. */
  readonly high: number;
}

/** Linux's `min_free_kbytes` for a machine of `frames` frames. */
export function minFreeKilobytes(frames: number): number {
  const lowmem = (frames * FRAME_BYTES) / 1024;
  return Math.min(262144, Math.max(128, Math.floor(Math.sqrt(lowmem * 16))));
}

/** The marks of each zone, in frames, from the frames that each manages. */
export function watermarksOf(managed: readonly number[]): Watermarks[] {
  const total = managed.reduce((sum, frames) => sum + frames, 0);
  const minFrames = Math.floor((minFreeKilobytes(total) * 1024) / FRAME_BYTES);
  return managed.map((frames) => {
    const min = Math.floor((minFrames * frames) / total);
    const gap = Math.max(Math.floor(min / 4), Math.floor((frames * 10) / 10000));
    return { min, low: min + gap, high: min + 2 * gap };
  });
}

/** The frames above a zone are divided by its ratio: what it keeps back from requests that could have been served there. */
const RESERVE_RATIOS = [256, 256, 32];

/** `reserve[zone][wanted]`: frames that `zone` keeps back from requests whose best zone is `wanted`. */
export function lowmemReserveOf(managed: readonly number[]): number[][] {
  return managed.map((_, zone) =>
    managed.map((_, wanted) => {
      let above = 0;
      for (let i = zone + 1; i <= wanted; i++) above += managed[i];
      return Math.floor(above / RESERVE_RATIOS[zone]);
    }),
  );
}

/** Frames taken from or given to the buddy lists at once by a per-CPU list. Source: `zone_batchsize`. */
export function pcpBatch(managed: number): number {
  const batch = Math.max(1, Math.floor(Math.min(managed >>> 10, 2 ** 20 / FRAME_BYTES) / 4));
  return Math.max(1, 2 ** Math.floor(Math.log2(batch + Math.floor(batch / 2))) - 1);
}
