import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { counts, notes, operations, read, shared } from '../../test/recordings.js';
import { openTrace } from '../node/open-trace.js';
import { Head } from './format.js';
import { kmem, kmemPages } from './kmem.js';

/** A line of perf script. */
const perf = (event: string) => `  some prog:1  9459 [001]   876.300101:      kmem:${event}\n`;
const objects = (...events: string[]) => read(kmem, events.map(perf).join(''));
const pages = (...events: string[]) => read(kmemPages, events.map(perf).join(''));

const ALLOC =
  'kmem_cache_alloc: call_site=mas_preallocate+0x3ef ptr=0xffff888108ce8800 name=maple_node bytes_req=250 bytes_alloc=256 gfp_flags=GFP_KERNEL node=-1 accounted=false';

describe('objects', () => {
  it('are allocated and freed by their addresses, whichever tracepoint tells of them', () => {
    const trace = objects(
      ALLOC,
      'kmalloc: call_site=x+0x1 ptr=0xffff888100000040 bytes_req=33 bytes_alloc=64 gfp_flags=GFP_KERNEL|__GFP_ZERO node=-1 accounted=false',
      'kmem_cache_free: call_site=y+0x1 ptr=0xffff888108ce8800 name=maple_node',
      'kmalloc_node: call_site=x+0x1 ptr=0xffff888108ce8800 bytes_req=4000 bytes_alloc=4096 gfp_flags=GFP_KERNEL node=0',
      'kfree: call_site=z+0x1 ptr=0xffff888100000040',
      'kfree: call_site=z+0x1 ptr=0xffff888108ce8800',
    );
    expect(operations(trace)).toEqual([
      'malloc 0:250',
      'malloc 1:33',
      'free 0',
      'malloc 0:4000',
      'free 1',
      'free 0',
    ]);
    const { kinds, kind, granted } = trace.details!;
    expect(kinds).toEqual(['', 'maple_node']);
    expect([...kind]).toEqual([1, 0, 0, 0, 0, 0]);
    expect([...granted]).toEqual([256, 64, 0, 4096, 0, 0]);
  });

  it('as older kernels tell of them: pointers without 0x, no name, call sites as numbers', () => {
    const trace = objects(
      'kmem_cache_alloc: call_site=ffffffff8118bb3e ptr=ffff88003c0a1cc0 bytes_req=216 bytes_alloc=256 gfp_flags=GFP_KERNEL',
      'kmem_cache_alloc: (mas+0x3ef) call_site=ffffffff8118bb3e ptr=0xffff88003c0a1d00 bytes_req=216 bytes_alloc=256 gfp_flags=GFP_KERNEL',
      'kmem_cache_free: call_site=ffffffff8118bb3e ptr=ffff88003c0a1cc0',
    );
    expect(operations(trace)).toEqual(['malloc 0:216', 'malloc 1:216', 'free 0']);
    expect(trace.details!.kinds).toEqual(['', 'cache of 216']);
  });

  it('as ftrace prints them', () => {
    const text = [
      '# tracer: nop',
      '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
      '            bash-1234    [000] d..1.  9876.543210: kmalloc: call_site=a+0x1/0x2 ptr=00000000deadbeef bytes_req=8 bytes_alloc=8 gfp_flags=GFP_ATOMIC',
      '     kworker/0:1-17      [000] .....  9876.543219: kfree: call_site=a+0x1/0x2 ptr=00000000deadbeef',
      '',
    ].join('\n');
    expect(operations(read(kmem, text))).toEqual(['malloc 0:8', 'free 0']);
    expect(kmem.detect(new Head(new TextEncoder().encode(text)))).toBe(2);
  });

  it('that are no blocks: NULL, kmalloc(0), a refusal', () => {
    const trace = objects(
      ALLOC,
      'kfree: call_site=perf_event_mmap+0x258 ptr=(nil)',
      'kfree: call_site=x+0x1 ptr=(null)',
      'kfree: call_site=x+0x1 ptr=0x10',
      'kmalloc: call_site=x+0x1 ptr=(nil) bytes_req=99999999 bytes_alloc=0 gfp_flags=GFP_NOWAIT',
      'kfree: call_site=x+0x1 ptr=0xffff888100000000',
    );
    expect(operations(trace)).toEqual(['malloc 0:250']);
    expect(trace.notes).toEqual(notes({ nullFrees: 3, failedAllocations: 1, unknownFrees: 1 }));
  });

  it('of more and longer names than any kernel has: what is kept of them is bounded', () => {
    const alloc = (i: number, name: string) =>
      `kmem_cache_alloc: ptr=0x${(4096 + i).toString(16)} name=${name} bytes_req=8 bytes_alloc=8`;
    const long = objects(alloc(0, `a${'x'.repeat(100_000)}`), alloc(1, 'b'));
    expect(long.details!.kinds.map((kind) => kind.length)).toEqual([0, 256, 1]);
    expect([...long.details!.kind]).toEqual([1, 2]);
    const many = objects(...Array.from({ length: 70_000 }, (_, i) => alloc(i, `c${i}`)));
    expect(many.details!.kinds).toHaveLength(65_536);
    expect(many.details!.kind.at(-1)).toBe(0);
  });

  it('other events are left out, and the pages', () => {
    const trace = objects(
      'rss_stat: mm_id=2383619096 curr=1 type=MM_ANONPAGES size=8192B',
      'mm_page_alloc: page=0x1112d9 pfn=0x1112d9 order=0 migratetype=0 gfp_flags=GFP_KERNEL',
      'mm_page_pcpu_drain: page=0x1 pfn=0x1 order=0 migratetype=1',
      ALLOC,
    );
    expect(operations(trace)).toEqual(['malloc 0:250']);
    expect(trace.notes.skippedLines).toBe(3);
  });
});

describe('pages', () => {
  it('are blocks of 4 KiB times a power of two, aligned to themselves, of a migrate type', () => {
    const trace = pages(
      'mm_page_alloc: page=0x1112d9 pfn=0x1112d9 order=0 migratetype=0 gfp_flags=GFP_KERNEL_ACCOUNT|__GFP_ZERO',
      'mm_page_alloc: page=0xffffea0004444000 pfn=1118208 order=3 migratetype=1 gfp_flags=GFP_HIGHUSER_MOVABLE',
      'mm_page_alloc: page=0x3 pfn=0x3 order=1 migratetype=2 gfp_flags=GFP_KERNEL|__GFP_RECLAIMABLE',
      'mm_page_alloc: page=0x8 pfn=0x8 order=0 migratetype=3 gfp_flags=GFP_ATOMIC',
      'mm_page_free: page=0x111000 pfn=0x111000 order=3',
      'mm_page_free_batched: page=0x111000 pfn=0x111000 order=0 cold=0',
    );
    expect(operations(trace)).toEqual([
      'memalign 0:4096^12',
      'memalign 1:32768^15',
      'memalign 2:8192^13',
      'memalign 3:4096^12',
      'free 1',
    ]);
    const { kinds, kind, granted } = trace.details!;
    expect([...kind].map((index) => kinds[index])).toEqual([
      'Unmovable',
      'Movable',
      'Reclaimable',
      'Unmovable',
      '',
    ]);
    expect([...granted]).toEqual([4096, 32768, 8192, 4096, 0]);
  });

  it('that there were none of', () => {
    const trace = pages(
      'mm_page_alloc: page=(nil) pfn=0 order=9 migratetype=1 gfp_flags=GFP_TRANSHUGE',
      'mm_page_alloc: page=0x1 pfn=0x1 order=0 migratetype=0 gfp_flags=GFP_KERNEL',
    );
    expect(operations(trace)).toEqual(['memalign 0:4096^12']);
    expect(trace.notes.failedAllocations).toBe(1);
  });
});

it('comes in pieces of any length', () => {
  const text = [
    ALLOC,
    'kfree: call_site=x+0x1 ptr=(nil)',
    'kmalloc: ptr=0xffff888100000040 bytes_req=33 bytes_alloc=64',
    'kfree: ptr=0xffff888100000040',
  ]
    .map(perf)
    .join('');
  const whole = read(kmem, text);
  for (let piece = 1; piece < 60; piece += 3) {
    const pieces = read(kmem, text, piece);
    expect(operations(pieces)).toEqual(operations(whole));
    expect(pieces.details).toEqual(whole.details);
  }
});

describe('is recognised', () => {
  const head = (...events: string[]) => new Head(new TextEncoder().encode(events.map(perf).join('')));
  const page = 'mm_page_alloc: page=0x1 pfn=0x1 order=0 migratetype=0 gfp_flags=GFP_KERNEL';

  it('as objects where there are some, as pages otherwise', () => {
    expect([kmem.detect(head(ALLOC, page)), kmemPages.detect(head(ALLOC, page))]).toEqual([1, 0]);
    expect([kmem.detect(head(page)), kmemPages.detect(head(page))]).toEqual([0, 1]);
    expect(kmem.detect(head('rss_stat: mm_id=1 curr=1'))).toBe(0);
  });

  it.skipIf(shared('samples') === null)('from a real recording, of both levels', async () => {
    const path = shared('samples/perf-script-kmem.txt')!;
    const lines = readFileSync(path, 'utf8').split('\n');
    const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
    const trace = await openTrace(path);
    expect(trace.format).toBe('kmem');
    expect(counts(trace)[0]).toBe(count(/kmem:(kmalloc|kmem_cache_alloc): /));
    expect(trace.notes.nullFrees).toBe(count(/kfree: .*ptr=\(nil\)/));
    expect(trace.details!.kinds).toContain('vm_area_struct');
    const pages = await openTrace(path, { format: 'kmem-pages' });
    expect(counts(pages)[2]).toBe(count(/kmem:mm_page_alloc: /));
    expect(pages.slots).toBeGreaterThan(30);
  });
});

describe('what is wrong is told with file and line', () => {
  const wrong = (format: typeof kmem, event: string) => () =>
    read(format, perf('rss_stat: mm_id=1') + perf(event));
  it.each([
    [kmem, 'kmalloc: ptr=0x1000 bytes_alloc=8', 'expected bytes_req='],
    [kmem, 'kmalloc: bytes_req=8 bytes_alloc=8', 'expected ptr='],
    [kmem, 'kmalloc: ptr=zebra bytes_req=8', 'expected an address after ptr='],
    [kmem, 'kmalloc: ptr=0x1000 bytes_req=many', 'expected a number after bytes_req='],
    [kmem, 'kmalloc: ptr=0x1000 bytes_req=80 bytes_alloc=8', 'expected bytes_alloc= of bytes_req= or more'],
    [kmem, 'kfree: call_site=x', 'expected ptr='],
    [kmemPages, 'mm_page_alloc: page=0x1 order=0', 'expected pfn='],
    [kmemPages, 'mm_page_alloc: page=0x1 pfn=0x1', 'expected order= from 0 to 20'],
    [kmemPages, 'mm_page_alloc: page=0x1 pfn=0x1 order=21', 'expected order= from 0 to 20'],
    [kmemPages, 'mm_page_free: page=0x1 order=0', 'expected pfn='],
  ])('%o %s', (format, event, message) => {
    expect(wrong(format, event)).toThrow(`recording:2: ${message}`);
  });
});
