/** Random calls on several address spaces, held against maps from page to bytes. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { orNull } from '../../test/system.js';
import { SystemCallError } from '../errors.js';
import { OWNER_ANONYMOUS } from '../frames/descriptors.js';
import { PageAllocator } from '../frames/page-allocator.js';
import { Machine } from '../machine.js';
import { SlabAllocator } from '../slab/slab-allocator.js';
import { MemoryFile } from './page-cache/file-source.js';
import type { Inode } from './page-cache/inode.js';
import type { AddressSpace } from './space/address-space.js';
import { PROT_MASK, PROT_READ, PROT_WRITE } from './space/area.js';
import { MemoryFault } from './translation/memory-fault.js';
import { NO_ENTRY } from './translation/page-table.js';
import { VirtualMemory } from './virtual-memory.js';

const PAGE = 4096;
const BASE = 0x4000_0000;
const WINDOW = 40;
const FILE_PAGES = 12;
const SPACES = 4;

/** What shared mappings lead to: pages of a file or of a segment. */
type Store = Uint8Array[];

interface ModelPage {
  readonly protection: number;
  readonly shared: boolean;
  readonly store: Store | null;
  readonly index: number;
  /** Bytes of its own: private memory that was written. */
  own: Uint8Array | null;
}

type Model = Map<number, ModelPage>;

const ZERO = new Uint8Array(PAGE);
const empty = (pages: number): Store => Array.from({ length: pages }, () => new Uint8Array(PAGE));

function bytesOf(page: ModelPage): Uint8Array {
  return page.own ?? page.store?.[page.index] ?? ZERO;
}

function bytesToWrite(page: ModelPage): Uint8Array {
  if (page.shared) return page.store![page.index];
  page.own ??= bytesOf(page).slice();
  return page.own;
}

function offsetOf(model: Model, { nth, at }: Place): number {
  const pages = [...model.keys()];
  return Math.max(0, (pages[nth % pages.length] ?? nth) * PAGE + at);
}

class Pair {
  readonly vm: VirtualMemory;
  readonly spaces: { space: AddressSpace; model: Model }[] = [];
  readonly files: { file: MemoryFile; inode: Inode; store: Store }[];
  private readonly framesAtBoot: number;
  private readonly tight: boolean;

  constructor(megabytes: number, tight: boolean) {
    const pages = new PageAllocator(new Machine(megabytes * 2 ** 20), { reservedFrames: tight ? 708 : 16 });
    this.vm = new VirtualMemory(new SlabAllocator(pages));
    this.tight = tight;
    this.framesAtBoot = this.usedFrames();
    this.files = [1, 2].map((fill) => {
      const bytes = new Uint8Array(FILE_PAGES * PAGE).fill(fill);
      const file = new MemoryFile(`/file${fill}`, bytes);
      const store = empty(FILE_PAGES).map((page) => page.fill(fill));
      return { file, inode: this.vm.cache.open(file)!, store };
    });
    this.spaces.push({ space: this.vm.createAddressSpace()!, model: new Map() });
  }

  usedFrames(): number {
    this.vm.slab.shrinkAll();
    return this.vm.pages.managedFrames - this.vm.pages.freeFrames;
  }

  pick(which: number) {
    return this.spaces[which % this.spaces.length];
  }

  map(
    which: number,
    first: number,
    count: number,
    protection: number,
    shared: boolean,
    from: number,
    offset: number,
  ) {
    const { space, model } = this.pick(which);
    const file = this.files[from];
    const options = {
      address: BASE + first * PAGE,
      length: count * PAGE,
      fixed: true,
      protection,
      shared,
      ...(file === undefined ? {} : { inode: file.inode, offset: offset * PAGE }),
    };
    if (orNull(() => space.mmap(options)) === null) return this.refused();
    const store = file?.store ?? (shared ? empty(count) : null);
    const start = file === undefined ? 0 : offset;
    for (let i = 0; i < count; i++) {
      model.set(first + i, { protection, shared, store, index: start + i, own: null });
    }
  }

  unmap(which: number, first: number, count: number) {
    const { space, model } = this.pick(which);
    if (orNull(() => space.munmap(BASE + first * PAGE, count * PAGE)) === null) return this.refused();
    for (let i = 0; i < count; i++) model.delete(first + i);
  }

  protect(which: number, first: number, count: number, protection: number) {
    const { space, model } = this.pick(which);
    const call = () => space.mprotect(BASE + first * PAGE, count * PAGE, protection);
    for (let i = 0; i < count; i++) {
      if (!model.has(first + i)) return expect(call).toThrow(SystemCallError);
    }
    if (orNull(call) === null) return this.refused();
    for (let i = 0; i < count; i++) model.set(first + i, { ...model.get(first + i)!, protection });
  }

  store(which: number, place: Place, value: number) {
    const { space, model } = this.pick(which);
    const offset = offsetOf(model, place);
    const address = BASE + offset;
    const code = this.expected(model, offset, 4, PROT_WRITE);
    if (!this.allowed(() => space.store32(address, value), code))
      return this.copiedInVain(space, model, offset);
    // Both pages are there before a byte is stored: a copy of the page that the other one shares has the old bytes.
    const pages = [0, 1, 2, 3].map((i) => bytesToWrite(model.get(Math.floor((offset + i) / PAGE))!));
    pages.forEach((bytes, i) => {
      bytes[(offset + i) % PAGE] = value >>> (8 * i);
    });
  }

  load(which: number, place: Place) {
    const { space, model } = this.pick(which);
    const offset = offsetOf(model, place);
    const code = this.expected(model, offset, 4, PROT_MASK);
    let loaded = 0;
    const load = () => {
      loaded = space.loadU32(BASE + offset);
    };
    if (!this.allowed(load, code)) return;
    for (let i = 0; i < 4; i++) {
      const page = model.get(Math.floor((offset + i) / PAGE))!;
      expect((loaded >>> (8 * i)) & 255).toBe(bytesOf(page)[(offset + i) % PAGE]);
    }
  }

  touch(which: number, place: Place) {
    const { space, model } = this.pick(which);
    const offset = offsetOf(model, place);
    const result = space.touch(BASE + offset, 'write');
    if (result === 'OOM') return this.refused();
    const done = result === 'minor' || result === 'major';
    expect(done ? null : result).toBe(this.expected(model, offset, 1, PROT_WRITE));
    // A copy of its own now, whatever happens to the file.
    if (done) bytesToWrite(model.get(Math.floor(offset / PAGE))!);
  }

  fork(which: number) {
    if (this.spaces.length === SPACES) return;
    const { space, model } = this.pick(which);
    const child = orNull(() => space.fork());
    if (child === null) return this.refused();
    const copy: Model = new Map();
    for (const [page, entry] of model) copy.set(page, { ...entry, own: entry.own?.slice() ?? null });
    this.spaces.push({ space: child, model: copy });
  }

  destroy(which: number) {
    if (this.spaces.length === 1) return;
    this.spaces.splice(which % this.spaces.length, 1)[0].space.destroy();
  }

  sync(which: number) {
    const { space } = this.pick(which);
    for (const { start, bytes } of space.areas) space.msync(start, bytes);
  }

  /** One of the next frames asked for is refused, whatever is free. */
  failSoon(n: number) {
    if (this.tight) this.vm.pages.failNth(n);
  }

  /** Everything that can be read is what the model says, and the areas are as the model has them. */
  compare() {
    this.vm.pages.failNth(0);
    const back = new Uint8Array(PAGE);
    for (const { space, model } of this.spaces) {
      for (let page = 0; page < WINDOW; page++) {
        const expected = model.get(page);
        const area = space.areaAt(BASE + page * PAGE);
        expect(area === null).toBe(expected === undefined);
        if (area === null || expected === undefined) continue;
        expect(area.flags & PROT_MASK).toBe(expected.protection);
        expect(area.isShared).toBe(expected.shared);
        const code = this.expected(model, page * PAGE, 1, PROT_MASK);
        if (this.allowed(() => space.read(BASE + page * PAGE, back), code)) {
          expect(Buffer.compare(back, bytesOf(expected))).toBe(0);
        }
      }
    }
    this.vm.check();
  }

  /** After the end of all, every frame is free again and the files hold what was written to them. */
  end() {
    for (const { space } of this.spaces) space.destroy();
    for (const { file, inode, store } of this.files) {
      this.vm.cache.release(inode);
      expect(Buffer.compare(file.bytes, Buffer.concat(store))).toBe(0);
    }
    this.vm.cache.dropCaches();
    this.vm.check();
    expect(this.usedFrames()).toBe(this.framesAtBoot);
  }

  /** A store across a border that faults on the second page may have copied the first one: nothing else. */
  private copiedInVain(space: AddressSpace, model: Model, offset: number) {
    const number = Math.floor(offset / PAGE);
    const page = model.get(number);
    const entry = space.table.find(BASE / PAGE + number);
    if (page === undefined || entry === NO_ENTRY) return;
    const { machine, descriptors } = this.vm.pages;
    if (descriptors.owner[machine.u32[entry] >>> 12] === OWNER_ANONYMOUS) bytesToWrite(page);
  }

  private refused() {
    expect(this.tight).toBe(true);
  }

  /** The fault that an access to the bytes from `offset` on must end in, or null. */
  private expected(model: Model, offset: number, bytes: number, needed: number): string | null {
    for (const at of new Set([offset, offset + bytes - 1])) {
      const page = model.get(Math.floor(at / PAGE));
      if (page === undefined) return 'SEGV_MAPERR';
      if ((page.protection & needed) === 0) return 'SEGV_ACCERR';
      if (page.store !== null && page.index >= page.store.length) return 'BUS_ADRERR';
    }
    return null;
  }

  private allowed(call: () => void, code: string | null): boolean {
    try {
      call();
    } catch (error) {
      if (!(error instanceof MemoryFault)) throw error;
      if (error.code === 'OOM' && this.tight) return false;
      expect(error.code).toBe(code);
      return false;
    }
    expect(code).toBeNull();
    return true;
  }
}

const range = fc.tuple(fc.nat(WINDOW - 1), fc.integer({ min: 1, max: 12 })).map(([first, count]) => {
  return { first, count: Math.min(count, WINDOW - first) };
});
const which = fc.nat(SPACES - 1);
const protection = fc.constantFrom(
  0,
  PROT_READ,
  PROT_READ | PROT_WRITE,
  PROT_READ | PROT_WRITE,
  7,
  PROT_WRITE,
);
/** Of the mapped pages, which; and where in it, half of the time at its borders. */
const place = fc.record({
  nth: fc.nat(WINDOW - 1),
  at: fc.oneof(fc.nat(PAGE - 4), fc.integer({ min: -4, max: 4 }), fc.integer({ min: PAGE - 4, max: PAGE })),
});
type Place = { readonly nth: number; readonly at: number };

const call = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.tuple(which, range, protection, fc.boolean(), fc.nat(3), fc.nat(8)).map(
      ([w, { first, count }, p, shared, from, at]) =>
        (pair: Pair) =>
          pair.map(w, first, count, p, shared, from, at),
    ),
  },
  fc.tuple(which, range).map(
    ([w, { first, count }]) =>
      (pair: Pair) =>
        pair.unmap(w, first, count),
  ),
  fc.tuple(which, range, protection).map(
    ([w, { first, count }, p]) =>
      (pair: Pair) =>
        pair.protect(w, first, count, p),
  ),
  {
    weight: 16,
    arbitrary: fc.tuple(which, place, fc.nat(0xffff_ffff)).map(
      ([w, at, value]) =>
        (pair: Pair) =>
          pair.store(w, at, value),
    ),
  },
  {
    weight: 6,
    arbitrary: fc.tuple(which, place).map(
      ([w, at]) =>
        (pair: Pair) =>
          pair.load(w, at),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.tuple(which, place).map(
      ([w, at]) =>
        (pair: Pair) =>
          pair.touch(w, at),
    ),
  },
  fc.integer({ min: 1, max: 6 }).map((n) => (pair: Pair) => pair.failSoon(n)),
  which.map((w) => (pair: Pair) => pair.fork(w)),
  which.map((w) => (pair: Pair) => pair.destroy(w)),
  which.map((w) => (pair: Pair) => pair.sync(w)),
  fc.nat(20).map((count) => (pair: Pair) => {
    pair.vm.reclaim(count);
  }),
);

it.each([
  { name: 'with memory for all', megabytes: 4, tight: false },
  { name: 'with hardly any memory', megabytes: 3, tight: true },
])('keeps every law and every byte under random calls, $name', ({ megabytes, tight }) => {
  fc.assert(
    fc.property(fc.array(call, { minLength: 100, maxLength: 300, size: 'max' }), (calls) => {
      const pair = new Pair(megabytes, tight);
      calls.forEach((each, i) => {
        each(pair);
        if (i % 32 === 0) pair.vm.check();
      });
      pair.compare();
      pair.end();
    }),
    { numRuns: 60 },
  );
});
