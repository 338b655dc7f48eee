/**
 * The laws of a heap, over its words:
 * - used + free + bookkeeping = all bytes from the base to the end of the memory or the limit;
 * - blocks lie one after another from the header to the top without gap or overlap, and there are as many as counted;
 * - a block's length reads the same from either end;
 * - no two merged blocks are neighbours, none lies at the top;
 * - every free block stands in exactly one list, the one of its length, and every listed block is free;
 * - the counts of lists, bins and the bitmap of bins agree with the lists;
 * - the map covers the top, holds no bits but those of blocks, and map and tables are where the header says, large enough;
 * - a block asked for with an alignment of its own tells which, and lies at a multiple of it.
 */
import { CorruptionError, law } from '../allocator.js';
import { hex } from '../display.js';
import { alignmentOf, leastFor } from './alignment.js';
import { isStart, isUsed, lengthOf, mapGranules, noteOf, previousOf } from './block-map.js';
import { binOf, bins, countWaiting, isBinNonEmpty, strayBits, tableGranules } from './free-lists.js';
import type { Granule, WordIndex } from './layout.js';
import * as L from './layout.js';

const { LENGTH, NEXT, PREVIOUS } = L;

/** The words of a heap, and where in them everything lies: what an object keeps of the header, see Space. */
export interface HeapState {
  readonly words: Int32Array;
  readonly byteLength: number;
  readonly header: WordIndex;
  readonly map: WordIndex;
  readonly covered: number;
  readonly tables: WordIndex;
  readonly quick: number;
  readonly lists: WordIndex;
  readonly first: Granule;
  readonly origin: number;
  readonly scale: number;
  readonly checked: boolean;
}

/**
 * Checks every law but the conservation of bytes, which needs the figures of inspect.ts. O(blocks).
 * @throws CorruptionError naming the broken law
 */
export function checkHeap(heap: HeapState): void {
  const { words, map, first, scale } = heap;
  const top = word(heap, L.H_TOP);
  checkHeader(heap);
  const found = { blocks: 0, merged: 0, mergedGranules: 0, waiting: 0, own: 0, states: 0 };
  let mergedBefore = false;
  for (let block = first; block !== top; ) {
    const length = lengthOf(words, map, block);
    law(
      length > 0 && block + length <= top && isStart(words, map, block + length),
      'blocks tile the heap',
      () => `granule ${block} with length ${length}, the top being ${top}`,
    );
    law(
      previousOf(words, map, block + length) === block,
      'a block has one length, read from either end',
      () => `granule ${block}, length ${length}, from behind ${previousOf(words, map, block + length)}`,
    );
    const used = isUsed(words, map, block);
    const own = isOwn(heap, block);
    law(
      !(used && own),
      "the heap's own blocks are never in use by a caller",
      () => `granule ${block} in use`,
    );
    const merged = !used && !own && words[(block << scale) + LENGTH] > 0;
    law(!(merged && mergedBefore), 'no two merged blocks are neighbours', () => `granule ${block}`);
    mergedBefore = merged;
    if (own) checkOwn(heap, block, length);
    if (used) {
      found.states += 1 + statesOfNote(heap, block, length);
    }
    found.blocks++;
    if (merged) {
      found.merged++;
      found.mergedGranules += length;
    } else if (own) found.own++;
    else if (!used) found.waiting++;
    block += length;
  }
  law(!mergedBefore, 'no merged block lies at the top', () => `top ${top}`);
  checkMap(heap, found.blocks + 1, found.states);
  equal('blocks', found.blocks, word(heap, L.H_BLOCKS));
  equal('merged blocks', found.merged, word(heap, L.H_MERGED));
  equal('granules in merged blocks', found.mergedGranules, word(heap, L.H_MERGED_GRANULES));
  equal("the heap's own blocks", found.own, heap.tables === 0 ? 1 : 2);
  checkLists(heap, found.merged, found.waiting);
}

/** How many bits the note of the used block has, which must tell an alignment where there are any. */
function statesOfNote({ words, map }: HeapState, block: Granule, length: number): number {
  const note = noteOf(words, map, block, length);
  const align = alignmentOf(words, map, block, length);
  law(
    align === 0 ? note === 0 : leastFor(align) <= length && (block & (align - 1)) === 0,
    'a block lies at a multiple of the alignment that is noted of it',
    () => `granule ${block} of length ${length}, an alignment of ${align} granules`,
  );
  return bitsIn(note);
}

/** What must hold before any block can be looked at. */
function checkHeader(heap: HeapState): void {
  const { words, map, first, scale } = heap;
  const top = word(heap, L.H_TOP);
  law(words[heap.header] === L.MAGIC, 'the header begins with the magic word', () =>
    hex(words[heap.header] >>> 0),
  );
  law(
    top >= first && top <= word(heap, L.H_PEAK) && top * (4 << scale) <= heap.byteLength,
    'the top lies between the header, its highest, and the end of the memory',
    () => `granule ${top}, highest ${word(heap, L.H_PEAK)}`,
  );
  law(
    word(heap, L.H_ZERO_FROM) >= word(heap, L.H_PEAK),
    'memory that blocks have used is not known to be zero',
    () => `highest top ${word(heap, L.H_PEAK)}, zeros from granule ${word(heap, L.H_ZERO_FROM)}`,
  );
  law(
    heap.tables === 0 ? heap.quick === 0 : heap.quick > 0 && word(heap, L.H_LIST) === 0,
    'quick lists exist where tables do, or else a single list',
    () => `tables at word ${heap.tables}, ${heap.quick} quick lists, list ${word(heap, L.H_LIST)}`,
  );
  for (const [what, at, tag] of [
    ['map', word(heap, L.H_MAP), L.OWN_MAP],
    ['tables', word(heap, L.H_TABLES), L.OWN_TABLES],
  ] as const) {
    if (at === 0 && what === 'tables') continue;
    law(
      at >= first && at < top && words[at << scale] === tag,
      `the ${what} block is where the header says`,
      () => `granule ${at}, which holds ${hex((words[at << scale] ?? 0) >>> 0)}`,
    );
  }
  law(
    (top >>> 5) - heap.origin < heap.covered && heap.covered <= words.length,
    'the map covers the top',
    () => `top at granule ${top}, ${heap.covered} groups covered`,
  );
  law(
    isStart(words, map, first) && isStart(words, map, top),
    'first block and top are boundaries',
    () => 'none there',
  );
}

/** The block at `block` is the map, or the tables. */
function checkOwn(heap: HeapState, block: Granule, length: number): void {
  const { words, scale } = heap;
  const isMap = block === word(heap, L.H_MAP);
  const least = isMap ? mapGranules(heap.covered, scale) : tableGranules(heap.quick, scale);
  law(
    length >= least && words[(block << scale) + LENGTH] === 0,
    `the ${isMap ? 'map' : 'tables'} block has room for what the header says, and is in no list`,
    () =>
      `granule ${block} of length ${length}, ${least} needed; in a list with ${words[(block << scale) + LENGTH]}`,
  );
}

/** The whole map has so many starts, the top's included, and so many states beside them. */
function checkMap(heap: HeapState, starts: number, states: number): void {
  const { words, map, origin, covered } = heap;
  let foundStarts = 0;
  let foundStates = 0;
  // One pair is read past the last.
  for (let group = origin; group <= origin + covered; group++) {
    const w = map + (group << 1);
    if (words[w] === 0) continue;
    foundStarts += bitsIn(words[w]);
    foundStates += bitsIn(words[w + 1]);
  }
  law(
    foundStarts === starts,
    'starts lie where blocks begin, and nowhere else',
    () => `${foundStarts} starts, ${starts - 1} blocks`,
  );
  law(
    foundStates === states,
    'states are those of used blocks and of their marks',
    () => `${foundStates} bits, ${states} of blocks`,
  );
}

function checkLists(heap: HeapState, merged: number, waiting: number): void {
  const { words, tables } = heap;
  const lists = tables === 0 ? [[-1, word(heap, L.H_LIST)] as const] : bins(words, tables);
  let binned = 0;
  for (const [bin, head] of lists) {
    if (bin >= 0) {
      law(
        isBinNonEmpty(words, tables, bin) === (head !== 0),
        'a bit of the bitmap is set exactly where a bin is not empty',
        () => `bin ${bin}`,
      );
    }
    binned += checkBin(heap, bin, head, merged - binned);
  }
  equal('blocks in bins', binned, merged);
  if (tables !== 0) equal('bits of bins that do not exist', strayBits(words, tables), 0);
  if (tables === 0) equal('blocks waiting', waiting, 0);
  else checkQuickLists(heap, waiting);
}

/** @returns the blocks in the bin, which are at most `most` */
function checkBin(heap: HeapState, bin: number, head: number, most: number): number {
  const { words, map, scale } = heap;
  let count = 0;
  let before = 0;
  for (let block = head; block !== 0; block = words[(block << scale) + NEXT]) {
    const length = words[(block << scale) + LENGTH];
    law(
      isBlock(heap, block) && !isUsed(words, map, block) && !isOwn(heap, block),
      'bins hold free blocks',
      () => `granule ${block}`,
    );
    law(
      length > 0 && lengthOf(words, map, block) === length && (bin < 0 || binOf(length) === bin),
      'a block stands in the bin of its length',
      () => `granule ${block}, length ${lengthOf(words, map, block)}, said to be ${length}, in bin ${bin}`,
    );
    law(words[(block << scale) + PREVIOUS] === before, 'a bin is linked both ways', () => `granule ${block}`);
    if (++count > most) throw new CorruptionError('a bin ends', `more blocks than there are, in bin ${bin}`);
    before = block;
  }
  return count;
}

function checkQuickLists(heap: HeapState, waiting: number): void {
  const { words, map, scale } = heap;
  let quick = 0;
  for (let length = 1; length <= heap.quick; length++) {
    const head = words[heap.lists + length];
    let left = countWaiting(words, scale, head);
    quick += left;
    let before = 0;
    for (let block = head; block !== 0; block = words[(block << scale) + NEXT]) {
      const where = () => `granule ${block} in the list of ${length}`;
      law(
        isBlock(heap, block) && lengthOf(words, map, block) === length,
        'a quick list holds blocks of its length',
        where,
      );
      law(
        isUsed(words, map, block) !== heap.checked &&
          noteOf(words, map, block, length) === 0 &&
          !isOwn(heap, block),
        'quick lists hold free blocks',
        where,
      );
      law(
        block === head || words[(block << scale) + PREVIOUS] === before,
        'a quick list is linked both ways, except for its first block',
        where,
      );
      law(
        left > 0 && words[(block << scale) + LENGTH] === -left,
        'a waiting block holds the number of blocks from it on',
        where,
      );
      before = block;
      left--;
    }
    equal(`blocks in the quick list of ${length}`, 0, left);
  }
  // Unchecked heaps do not tell in the map which blocks wait.
  equal('blocks waiting', waiting, heap.checked ? quick : 0);
}

/** @throws CorruptionError unless both are the same */
export function equal(what: string, found: number, noted: number): void {
  law(found === noted, `${what}: the number found is the number recorded`, () => `${found}, noted ${noted}`);
}

/** Whether a block of the heap begins there. */
function isBlock(heap: HeapState, granule: Granule): boolean {
  return granule >= heap.first && granule < word(heap, L.H_TOP) && isStart(heap.words, heap.map, granule);
}

/** Whether the block is one of the heap's own: the map, the tables. */
function isOwn(heap: HeapState, block: Granule): boolean {
  return block === word(heap, L.H_MAP) || block === word(heap, L.H_TABLES);
}

function word(heap: HeapState, index: number): number {
  return heap.words[heap.header + index];
}

function bitsIn(word: number): number {
  let count = 0;
  for (let bits = word; bits !== 0; bits &= bits - 1) count++;
  return count;
}
