/**
 * Migrate types: frames whose contents can be moved, those that can be reclaimed, and those that stay, are taken
 * from different page blocks, so that one page that stays does not spoil a large block of pages that could move.
 * Source: Linux mm/page_alloc.c, `fallbacks`.
 */
import { __GFP_MOVABLE, __GFP_RECLAIMABLE } from './gfp.js';

export const UNMOVABLE = 0;
export const MOVABLE = 1;
export const RECLAIMABLE = 2;
export const MIGRATE_TYPES = 3;

export const MIGRATE_NAMES = ['Unmovable', 'Movable', 'Reclaimable'] as const;

/** Where a request looks next when the page blocks of its own type have nothing. */
export const FALLBACKS: readonly (readonly number[])[] = [
  [RECLAIMABLE, MOVABLE],
  [RECLAIMABLE, UNMOVABLE],
  [UNMOVABLE, MOVABLE],
];

export function migrateTypeOf(gfp: number): number {
  if ((gfp & __GFP_MOVABLE) !== 0) return MOVABLE;
  return (gfp & __GFP_RECLAIMABLE) !== 0 ? RECLAIMABLE : UNMOVABLE;
}
