/**
 * What the memory of processes must hold, kept in the plainest way: a map of pages for each process, eight words a
 * page. It knows nothing of frames, tables or copy-on-write; the fuzzer holds the real system against it.
 */
import { FRAME_BYTES } from '../src/machine.js';
import { PROT_READ, PROT_WRITE } from '../src/vm/space/area.js';

export const SLOTS = 8;
/** Where the word of a slot lies in its page: the first and the last word of the page among them. */
export function slotOffset(slot: number): number {
  return slot === SLOTS - 1 ? FRAME_BYTES - 4 : slot * 512;
}

/** Words of one page. */
export type Words = Int32Array;

/** A file or shared segment: what all who map it see. */
export class ModelObject {
  readonly path: string;
  readonly bytes: number;
  /** Of pages up to the end; a word past the end of the file counts as 0. */
  readonly pages: Words[];

  constructor(path: string, bytes: number, contents?: Uint8Array) {
    this.path = path;
    this.bytes = bytes;
    this.pages = Array.from({ length: Math.ceil(bytes / FRAME_BYTES) }, (_, index) => {
      return contents === undefined ? new Int32Array(SLOTS) : wordsOf(contents, index);
    });
  }
}

/** A System V segment, until the last page of it is unmapped. */
export interface ModelSegment {
  readonly object: ModelObject;
  readonly id: number;
  key: number;
  removed: boolean;
}

export class ModelPage {
  protection: number;
  /** The object that is mapped here and the page of it; null for anonymous memory. */
  readonly object: ModelObject | null;
  readonly index: number;
  readonly shared: boolean;
  /** The page's own words: anonymous memory, or a private copy of the object's. */
  own: Words | null;
  /** The segment or block this page belongs to, by its first address. */
  readonly group: number;

  constructor(
    protection: number,
    object: ModelObject | null,
    index: number,
    shared: boolean,
    group: number,
    own: Words | null = null,
  ) {
    this.protection = protection;
    this.object = object;
    this.index = index;
    this.shared = shared;
    this.group = group;
    this.own = own ?? (object === null ? new Int32Array(SLOTS) : null);
  }

  /** What a read finds; null past the end of the object. */
  get words(): Words | null {
    return this.own ?? this.object?.pages[this.index] ?? null;
  }

  write(slot: number, value: number): void {
    if (this.shared) this.object!.pages[this.index][slot] = value;
    else {
      this.own ??= this.object!.pages[this.index].slice();
      this.own[slot] = value;
    }
  }

  /** Clears one byte of the page. */
  writeZero(offset: number): void {
    for (let slot = 0; slot < SLOTS; slot++) {
      const at = offset - slotOffset(slot);
      if (at >= 0 && at < 4) this.write(slot, this.words![slot] & ~(0xff << (at * 8)));
    }
  }

  /** Whether the page behind it, if it is `next`, belongs to the same area. */
  isContinuedBy(next: ModelPage): boolean {
    const alike = next.protection === this.protection && next.shared === this.shared;
    return alike && next.object === this.object && (this.object === null || next.index === this.index + 1);
  }

  /** What lies `pages` behind it in a mapping that is as long. */
  successor(pages: number): ModelPage {
    return new ModelPage(this.protection, this.object, this.index + pages, this.shared, this.group);
  }

  /** The same page at another place, with what is its own. */
  movedTo(page: number, own: Words | null): ModelPage {
    const { protection, object, index, shared } = this;
    return new ModelPage(protection, object, index, shared, this.group > 0 ? page - index : 0, own);
  }

  fork(): ModelPage {
    const { protection, object, index, shared, group, own } = this;
    return new ModelPage(protection, object, index, shared, group, own === null ? null : own.slice());
  }
}

export type Outcome = 'ok' | 'SEGV_MAPERR' | 'SEGV_ACCERR' | 'BUS_ADRERR';

/** The pages of one process, by page number. */
export class ModelSpace {
  pages = new Map<number, ModelPage>();
  /** Live blocks of malloc: address and usable bytes. */
  blocks = new Map<number, number>();
  /** Set once malloc was called: the break is the library's then. */
  usesMalloc = false;
  heapStart = 0;
  break = 0;

  map(first: number, count: number, make: (index: number) => ModelPage): void {
    for (let i = 0; i < count; i++) this.pages.set(first + i, make(i));
  }

  unmap(first: number, count: number): void {
    for (let i = 0; i < count; i++) this.pages.delete(first + i);
  }

  isFree(first: number, count: number): boolean {
    for (let i = 0; i < count; i++) if (this.pages.has(first + i)) return false;
    return true;
  }

  isMapped(first: number, count: number): boolean {
    for (let i = 0; i < count; i++) if (!this.pages.has(first + i)) return false;
    return true;
  }

  /** Whether the pages are one area: each continues the one before. */
  isOneArea(first: number, count: number): boolean {
    if (!this.isMapped(first, count)) return false;
    for (let i = 1; i < count; i++) {
      if (!this.pages.get(first + i - 1)!.isContinuedBy(this.pages.get(first + i)!)) return false;
    }
    return true;
  }

  /** `old` pages from `first` on are `fresh` pages from `at` on now; those that leave a place behind `keep` it, empty. */
  remap(first: number, old: number, fresh: number, at: number, keep: boolean): void {
    const lead = this.pages.get(first)!;
    const kept = Math.min(old, fresh);
    const moved = Array.from({ length: kept }, (_, i) => this.pages.get(first + i));
    for (let i = 0; i < old; i++) {
      const page = moved[i];
      this.pages.delete(first + i);
      if (keep && page !== undefined) this.pages.set(first + i, page.movedTo(first + i, null));
    }
    for (let i = 0; i < fresh; i++) {
      const page = i < kept ? moved[i] : lead.successor(i);
      if (page !== undefined) this.pages.set(at + i, page.movedTo(at + i, i < kept ? page.own : null));
    }
  }

  /** The heap ends at `address` now: fresh pages up to there, none above. */
  moveBreak(address: number): void {
    const end = Math.ceil(address / FRAME_BYTES);
    const was = Math.ceil(this.break / FRAME_BYTES);
    if (end > was) this.map(was, end - was, () => new ModelPage(PROT_READ | PROT_WRITE, null, 0, false, 0));
    else this.unmap(end, was - end);
    this.break = address;
  }

  /** What an access must come to. */
  outcome(page: number, write: boolean): Outcome {
    const found = this.pages.get(page);
    if (found === undefined) return 'SEGV_MAPERR';
    const allowed = write ? (found.protection & PROT_WRITE) !== 0 : found.protection !== 0;
    if (!allowed) return 'SEGV_ACCERR';
    return found.words === null ? 'BUS_ADRERR' : 'ok';
  }

  fork(): ModelSpace {
    const child = new ModelSpace();
    for (const [page, contents] of this.pages) child.pages.set(page, contents.fork());
    child.blocks = new Map(this.blocks);
    child.usesMalloc = this.usesMalloc;
    child.heapStart = this.heapStart;
    child.break = this.break;
    return child;
  }
}

export interface ModelRemap {
  readonly first: number;
  readonly old: number;
  readonly fresh: number;
  readonly to: number;
  readonly move: 'never' | 'if needed' | 'fixed' | 'keep';
  readonly keep: boolean;
}

/** What mremap must answer. */
export function remapOutcome(space: ModelSpace, { first, old, fresh, to, move, keep }: ModelRemap): string {
  const placed = move === 'fixed' || move === 'keep';
  if (placed && first + old > to && to + fresh > first) return 'EINVAL';
  if (keep && old !== fresh) return 'EINVAL';
  const lead = space.pages.get(first);
  if (lead === undefined) return 'EFAULT';
  if (old === 0 && !lead.shared) return 'EINVAL';
  if (!placed && fresh <= old) return 'ok';
  const several = move === 'fixed' && old === fresh;
  if (!several && !space.isOneArea(first, Math.min(old, fresh))) return 'EFAULT';
  if (placed) return old === 0 && to === first ? 'EFAULT' : 'ok';
  if (move === 'if needed' || (old > 0 && space.isFree(first + old, fresh - old))) return 'ok';
  return 'ENOMEM';
}

/** The words that page `index` of a file shows; zero past its end. */
export function wordsOf(contents: Uint8Array, index: number): Words {
  const page = new Uint8Array(FRAME_BYTES);
  page.set(contents.subarray(index * FRAME_BYTES, (index + 1) * FRAME_BYTES));
  const view = new DataView(page.buffer);
  return Int32Array.from({ length: SLOTS }, (_, slot) => view.getInt32(slotOffset(slot), true));
}
