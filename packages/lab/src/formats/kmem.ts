/**
 * The kernel's own memory, as `perf script` or ftrace prints the tracepoints of kmem: `comm pid [cpu] time: kmem:EVENT:
 * key=value …`. Such a recording holds two levels. `kmem` reads the objects (kmalloc, kmem_cache_alloc; kfree,
 * kmem_cache_free), `kmem-pages` the pages (mm_page_alloc, mm_page_free), those behind the objects among them; a
 * recording that has both is read as objects unless told otherwise. All processes share one memory.
 *
 * Keys are looked up by name, as older kernels lack some, print pfn in decimal and pointers without 0x. Events that
 * neither give nor take memory (rss_stat, mm_page_pcpu_drain, and mm_page_free_batched, which repeats an mm_page_free)
 * are left out. A block of pages that is freed in parts is freed with its first part.
 */
import { MIGRATE_NAMES } from '@freehold/kernel';
import type { TraceBuilder } from '../trace/builder.js';
import { KIND_LENGTH_MAX } from '../trace/details.js';
import type { Cursor } from './cursor.js';
import type { Head, TraceFormat } from './format.js';
import { Keywords } from './keywords.js';
import { RecordingReader } from './recording-reader.js';

const PAGE_BYTES = 4096;
const ORDER_MAX = 20;
/** kfree takes it, and it is no block: what kmalloc(0) gives. */
const ZERO_SIZE_PTR = 16;
const COLON = 0x3a;
const SPACE = 0x20;

/** A tracepoint behind its time. A search that began within the digits again would take time in the square of them. */
const event = (names: string, key: string) =>
  new RegExp(String.raw`^(?=.*\b${key}=).*(?<![\d.])[\d.]+: +(?:kmem:)?(?:${names}): `);
const OBJECTS = event('(?:kmalloc|kmem_cache_alloc)(?:_node)?|kfree|kmem_cache_free', 'ptr');
const PAGES = event('mm_page_(?:alloc|free)', 'pfn');

export const kmem: TraceFormat = {
  id: 'kmem',
  title: "perf script, the kernel's objects",
  limits: 'the kernel tells no event for frees in bulk and by RCU: what is never freed here is no leak',
  detect: (head) => head.count(OBJECTS),
  read: (builder, file) => new KmemReader(builder, file, 'objects'),
};

export const kmemPages: TraceFormat = {
  id: 'kmem-pages',
  title: "perf script, the kernel's pages",
  detect: (head) => (hasObjects(head) ? 0 : head.count(PAGES)),
  read: (builder, file) => new KmemReader(builder, file, 'pages'),
};

function hasObjects(head: Head): boolean {
  return head.lines.some((line) => OBJECTS.test(line));
}

const EVENTS = [
  'kmalloc',
  'kmem_cache_alloc',
  'kmalloc_node',
  'kmem_cache_alloc_node',
  'kfree',
  'kmem_cache_free',
  'mm_page_alloc',
  'mm_page_free',
] as const;
type Event = (typeof EVENTS)[number];
const EVENT_NAMES = new Keywords(EVENTS);
const KEYS = ['ptr', 'name', 'bytes_req', 'bytes_alloc', 'pfn', 'order', 'migratetype', 'page'] as const;
const KEY_NAMES = new Keywords(KEYS);

/** The values of the keys that matter, of one line. */
class Fields {
  /** Whether `ptr=` is there; `high` and `low` then tell it, 0 for NULL and for what kmalloc(0) gives. */
  hasPointer = false;
  high = 0;
  low = 0;
  name = '';
  requested = -1;
  granted = -1;
  pfn = -1;
  order = -1;
  migrateType = -1;
  /** `page=(nil)`: there was none. */
  noPage = false;

  get isNull(): boolean {
    return this.hasPointer && this.low === 0 && this.high === 0;
  }

  clear(): void {
    this.hasPointer = false;
    this.name = '';
    this.requested = -1;
    this.granted = -1;
    this.pfn = -1;
    this.order = -1;
    this.migrateType = -1;
    this.noPage = false;
  }
}

class KmemReader extends RecordingReader {
  readonly #level: 'objects' | 'pages';
  /** Of the line being read. */
  readonly #fields = new Fields();

  constructor(builder: TraceBuilder, file: string, level: 'objects' | 'pages') {
    super(builder, file);
    this.#level = level;
  }

  protected record(cursor: Cursor): void {
    const event = this.#event(cursor);
    const isPages = event === 'mm_page_alloc' || event === 'mm_page_free';
    if (event === null || isPages !== (this.#level === 'pages')) {
      this.builder.skipLine();
      return;
    }
    this.#readFields(cursor);
    const fields = this.#fields;
    if (event === 'kfree' || event === 'kmem_cache_free') this.#free(fields);
    else if (event === 'mm_page_alloc') this.#pageAllocation(fields);
    else if (event === 'mm_page_free') this.#pageFree(fields);
    else if (event === 'kmalloc' || event === 'kmalloc_node') this.#allocation(fields, '');
    // Kernels before 5.19 do not tell the cache: objects of one size are taken for one kind.
    else this.#allocation(fields, fields.name || `cache of ${fields.requested}`);
  }

  /** Moves behind the event's name and its colon. @returns null where the line tells of no event that matters */
  #event(cursor: Cursor): Event | null {
    const { bytes, end } = cursor;
    // The time ends in a digit and a colon; a space follows. The name of a program could hold the like of it.
    for (let at = cursor.at + 1; at < end - 2; at++) {
      if (bytes[at] !== COLON || bytes[at + 1] !== SPACE || !isDigit(bytes[at - 1]!)) continue;
      cursor.at = at + 1;
      cursor.spaces().take('kmem:');
      const from = cursor.at;
      const index = EVENT_NAMES.take(cursor);
      if (cursor.at > from && cursor.take(':')) return EVENTS[index] ?? null;
    }
    return null;
  }

  #readFields(cursor: Cursor): void {
    const { bytes, end } = cursor;
    this.#fields.clear();
    while (!cursor.spaces().done) {
      const key = KEYS[KEY_NAMES.take(cursor)];
      if (key !== undefined && cursor.take('=')) this.#field(cursor, key);
      let { at } = cursor;
      while (at < end && bytes[at] !== SPACE) at++;
      cursor.at = at;
    }
  }

  #field(cursor: Cursor, key: (typeof KEYS)[number]): void {
    const fields = this.#fields;
    switch (key) {
      case 'ptr':
        this.#pointer(cursor);
        break;
      case 'name':
        fields.name = cursor.text(KIND_LENGTH_MAX);
        break;
      case 'bytes_req':
        fields.requested = this.#number(cursor, key);
        break;
      case 'bytes_alloc':
        fields.granted = this.#number(cursor, key);
        break;
      case 'pfn':
        fields.pfn = this.#number(cursor, key);
        break;
      case 'order':
        fields.order = this.#number(cursor, key);
        break;
      case 'migratetype':
        fields.migrateType = this.#number(cursor, key);
        break;
      case 'page':
        fields.noPage = cursor.spaces().take('(n');
    }
  }

  /** `0xffff…`, `ffff…`, or NULL, which some kernels pad with spaces in front. */
  #pointer(cursor: Cursor): void {
    const fields = this.#fields;
    cursor.spaces().take('0x');
    if (!cursor.hex() && !cursor.pointer()) this.fail('an address after ptr=');
    const isZeroSize = cursor.high === 0 && cursor.low === ZERO_SIZE_PTR;
    fields.hasPointer = true;
    fields.high = cursor.high;
    fields.low = isZeroSize ? 0 : cursor.low;
  }

  #number(cursor: Cursor, key: string): number {
    if (!cursor.number()) this.fail(`a number after ${key}=`);
    return cursor.value;
  }

  #allocation(fields: Fields, kind: string): void {
    const { isNull, requested, granted } = fields;
    if (requested < 0) this.fail('bytes_req=');
    if (isNull) {
      // Whatever it asked for.
      this.builder.failed();
      return;
    }
    if (granted >= 2 ** 32 || (granted >= 0 && granted < requested)) {
      this.fail('bytes_alloc= of bytes_req= or more, below 4 GiB');
    }
    if (requested >= 2 ** 53) this.fail('bytes_req= below 2^53');
    if (!fields.hasPointer) this.fail('ptr=');
    else this.builder.detailed(fields.high, fields.low, requested, 1, kind, Math.max(0, granted));
  }

  #free({ hasPointer, isNull, high, low }: Fields): void {
    if (!hasPointer) this.fail('ptr=');
    if (isNull) this.builder.nullFree();
    else this.builder.free(high, low);
  }

  #pageAllocation({ pfn, order, migrateType, noPage }: Fields): void {
    if (noPage) {
      this.builder.failed();
      return;
    }
    if (pfn < 0 || pfn >= 2 ** 53) this.fail('pfn=');
    if (order < 0 || order > ORDER_MAX) this.fail(`order= from 0 to ${ORDER_MAX}`);
    const bytes = PAGE_BYTES * 2 ** order;
    // Kinds of page block that this project's kernel has none of (HighAtomic, CMA) hold what cannot move.
    const kind = MIGRATE_NAMES[migrateType] ?? MIGRATE_NAMES[0];
    this.builder.detailed(Math.floor(pfn / 2 ** 32), pfn >>> 0, bytes, bytes, kind, bytes);
  }

  #pageFree({ pfn }: Fields): void {
    if (pfn < 0 || pfn >= 2 ** 53) this.fail('pfn=');
    this.builder.free(Math.floor(pfn / 2 ** 32), pfn >>> 0);
  }
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
