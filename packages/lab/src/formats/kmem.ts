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
import type { Head, TraceFormat } from './format.js';
import { type Cursor, LineReader } from './line-reader.js';

const PAGE_BYTES = 4096;
const ORDER_MAX = 20;
/** kfree takes it, and it is no block: what kmalloc(0) gives. */
const ZERO_SIZE_PTR = 16;

/** A tracepoint behind its time. A search that began within the digits again would take time in the square of them. */
const event = (names: string, key: string) =>
  new RegExp(String.raw`^(?=.*\b${key}=).*(?<![\d.])[\d.]+: +(?:kmem:)?(?:${names}): `);
const OBJECTS = event('(?:kmalloc|kmem_cache_alloc)(?:_node)?|kfree|kmem_cache_free', 'ptr');
const PAGES = event('mm_page_(?:alloc|free)', 'pfn');

export const kmem: TraceFormat = {
  id: 'kmem',
  title: "perf script, the kernel's objects",
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

/** The values of the keys that matter, of one line. */
class Fields {
  pointer: { readonly high: number; readonly low: number } | null = null;
  /** `ptr=(nil)`, or what kmalloc(0) gives. */
  isNull = false;
  name = '';
  requested = -1;
  granted = -1;
  pfn = -1;
  order = -1;
  migrateType = -1;
  /** `page=(nil)`: there was none. */
  noPage = false;
}

class KmemReader extends LineReader {
  readonly #builder: TraceBuilder;
  readonly #level: 'objects' | 'pages';

  constructor(builder: TraceBuilder, file: string, level: 'objects' | 'pages') {
    super(file);
    this.#builder = builder;
    this.#level = level;
  }

  protected line(cursor: Cursor): void {
    const event = this.#event(cursor);
    const isPages = event === 'mm_page_alloc' || event === 'mm_page_free';
    if (isPages !== (this.#level === 'pages')) {
      this.#builder.skipLine();
      return;
    }
    switch (event) {
      case 'kmalloc':
      case 'kmalloc_node':
        this.#allocation(this.#fields(cursor), '');
        break;
      case 'kmem_cache_alloc':
      case 'kmem_cache_alloc_node': {
        const fields = this.#fields(cursor);
        // Kernels before 5.19 do not tell the cache: objects of one size are taken for one kind.
        this.#allocation(fields, fields.name || `cache of ${fields.requested}`);
        break;
      }
      case 'kfree':
      case 'kmem_cache_free':
        this.#free(this.#fields(cursor));
        break;
      case 'mm_page_alloc':
        this.#pageAllocation(this.#fields(cursor));
        break;
      case 'mm_page_free':
        this.#pageFree(this.#fields(cursor));
        break;
      default:
        this.#builder.skipLine();
    }
  }

  /** Moves behind the event's name and its colon. @returns the name; '' where the line tells of no event */
  #event(cursor: Cursor): string {
    const { bytes, end } = cursor;
    // The time ends in a digit and a colon; a space follows. The name of a program could hold the like of it.
    for (let at = cursor.at; at < end - 2; at++) {
      if (bytes[at] !== 0x3a || bytes[at + 1] !== 0x20 || !isDigit(bytes[at - 1])) continue;
      cursor.at = at + 1;
      cursor.spaces().take('kmem:');
      const name = cursor.word();
      if (name !== '' && cursor.take(':')) return name;
    }
    return '';
  }

  #fields(cursor: Cursor): Fields {
    const fields = new Fields();
    while (!cursor.spaces().done) {
      const key = cursor.word();
      if (key !== '' && cursor.take('=')) this.#field(cursor, fields, key);
      while (!cursor.done && cursor.byte !== 0x20) cursor.at++;
    }
    return fields;
  }

  #field(cursor: Cursor, fields: Fields, key: string): void {
    switch (key) {
      case 'ptr':
        if (cursor.take('(n')) fields.isNull = true;
        else {
          cursor.take('0x');
          if (!cursor.digits(16)) this.fail('an address after ptr=');
          fields.pointer = { high: cursor.high, low: cursor.low };
          fields.isNull = cursor.high === 0 && (cursor.low === 0 || cursor.low === ZERO_SIZE_PTR);
        }
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
        fields.noPage = cursor.take('(n');
    }
  }

  #number(cursor: Cursor, key: string): number {
    if (!cursor.size()) this.fail(`a number after ${key}=`);
    return cursor.value;
  }

  #allocation(fields: Fields, kind: string): void {
    const { pointer, isNull, requested, granted } = fields;
    if (requested < 0) this.fail('bytes_req=');
    if (granted >= 2 ** 32 || (granted >= 0 && granted < requested && !isNull)) {
      this.fail('bytes_alloc= of bytes_req= or more, below 4 GiB');
    }
    if (isNull) this.#builder.failed();
    else if (pointer === null) this.fail('ptr=');
    else this.#builder.detailed(pointer.high, pointer.low, requested, 1, kind, Math.max(0, granted));
  }

  #free({ pointer, isNull }: Fields): void {
    if (isNull) this.#builder.nullFree();
    else if (pointer === null) this.fail('ptr=');
    else this.#builder.free(pointer.high, pointer.low);
  }

  #pageAllocation({ pfn, order, migrateType, noPage }: Fields): void {
    if (noPage) {
      this.#builder.failed();
      return;
    }
    if (pfn < 0) this.fail('pfn=');
    if (order < 0 || order > ORDER_MAX) this.fail(`order= from 0 to ${ORDER_MAX}`);
    const bytes = PAGE_BYTES * 2 ** order;
    // Kinds of page block that this project's kernel has none of (HighAtomic, CMA) hold what cannot move.
    const kind = MIGRATE_NAMES[migrateType] ?? MIGRATE_NAMES[0];
    this.#builder.detailed(Math.floor(pfn / 2 ** 32), pfn >>> 0, bytes, bytes, kind, bytes);
  }

  #pageFree({ pfn }: Fields): void {
    if (pfn < 0) this.fail('pfn=');
    this.#builder.free(Math.floor(pfn / 2 ** 32), pfn >>> 0);
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}
