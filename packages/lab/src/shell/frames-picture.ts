/** Physical memory as a picture: a cell for so many frames, lettered by who holds most of them. 80 columns. */
import {
  countOwners,
  FRAME_BYTES,
  OWNER_FREE,
  OWNER_NAMES,
  ownersOf,
  type PageAllocator,
} from '@freehold/kernel';
import type { Colours } from '../text/colours.js';
import { formatCount, formatSize } from '../text/format.js';

/** By OWNER_ constant. */
const LETTERS = ['·', 'r', 'k', 's', 't', 'v', 'a', 'f', 'm', 'l'] as const;
const COLUMNS = 64;
const ROWS_MAX = 16;

export function framesPicture(pages: PageAllocator, paint: Colours): string {
  const { descriptors } = pages;
  const owners = ownersOf(descriptors);
  const perCell = Math.max(1, Math.ceil(descriptors.frames / (COLUMNS * ROWS_MAX)));
  const lines: string[] = [];
  for (let first = 0; first < descriptors.frames; first += COLUMNS * perCell) {
    let line = `${formatSize(first * FRAME_BYTES).padStart(9)}  `;
    const end = Math.min(first + COLUMNS * perCell, descriptors.frames);
    for (let at = first; at < end; at += perCell)
      line += cell(owners.subarray(at, Math.min(at + perCell, end)), paint);
    lines.push(line);
  }
  const unit =
    perCell === 1 ? 'one frame' : `${formatCount(perCell)} frames (${formatSize(perCell * FRAME_BYTES)})`;
  return `${lines.join('\n')}\n\nA letter is ${unit}, a capital where over half of it is held.\n${legend(pages)}`;
}

function cell(owners: Uint8Array, paint: Colours): string {
  const counts = new Array<number>(LETTERS.length).fill(0);
  for (const owner of owners) counts[owner]!++;
  const held = owners.length - counts[OWNER_FREE]!;
  if (held === 0) return paint.dim(LETTERS[OWNER_FREE]);
  let most = 1;
  for (let owner = 2; owner < counts.length; owner++) if (counts[owner]! > counts[most]!) most = owner;
  const letter = held * 2 > owners.length ? LETTERS[most]!.toUpperCase() : LETTERS[most]!;
  const colour = [paint.dim, paint.dim, paint.red, paint.yellow, paint.magenta, paint.cyan, paint.green][
    most
  ];
  return (colour ?? paint.blue)(letter);
}

/** Letters, names, frames and bytes of all owners that hold any, two in a line. */
function legend(pages: PageAllocator): string {
  const items = countOwners(pages.descriptors)
    .map((count, owner) => ({ count, owner }))
    .filter(({ count }) => count > 0)
    .map(({ count, owner }) =>
      `${LETTERS[owner]} ${OWNER_NAMES[owner]!.padEnd(11)}${formatCount(count).padStart(9)}  ${formatSize(count * FRAME_BYTES).padEnd(9)}`.padEnd(
        40,
      ),
    );
  const lines: string[] = [];
  for (let i = 0; i < items.length; i += 2)
    lines.push(
      items
        .slice(i, i + 2)
        .join('')
        .trimEnd(),
    );
  return lines.join('\n');
}
