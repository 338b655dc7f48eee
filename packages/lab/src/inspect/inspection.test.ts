/** The figures of large systems: in time and memory proportional to what Linux told. */
import type { MapsArea, Pagetypeinfo, SmapsArea, VmallocinfoArea } from '@freehold/kernel';
import { expect, it } from 'vitest';
import { ProcFolder } from '../node/proc-files.js';
import { inspect } from './inspection.js';

/** As many areas as Linux allows a process, about. */
const AREAS = 60_000;

/** Gives what the files were read as, so that only the figures take time. */
class Prepared extends ProcFolder {
  private readonly files: ReadonlyMap<string, unknown>;

  constructor(files: Readonly<Record<string, unknown>>) {
    super('prepared');
    this.files = new Map(Object.entries(files));
  }

  override async read<T>(name: string): Promise<T | null> {
    return (this.files.get(name) ?? null) as T | null;
  }
}

function areaAt(index: number, path: string): MapsArea {
  const start = BigInt(index) * 0x2000n;
  return {
    start,
    end: start + 0x1000n,
    permissions: 'rw-p',
    offset: 0n,
    major: 0,
    minor: 0,
    inode: 0n,
    path,
  };
}

async function timed(files: Readonly<Record<string, unknown>>) {
  const before = process.cpuUsage();
  const inspection = await inspect(new Prepared(files), { pid: '1' });
  // Of this process alone: tests run beside it.
  const { user, system } = process.cpuUsage(before);
  return { inspection, ms: (user + system) / 1000 };
}

/** Some 50 ms of work; with a copy of the group for each area 15 s and more. */
const MS = 1000;

it('a process of 60,000 areas of one name, and of a name each', async () => {
  const fields = new Map([['Rss', 4]]);
  for (const path of ['', '/lib/']) {
    const smaps: SmapsArea[] = Array.from({ length: AREAS }, (_, i) => ({
      area: areaAt(i, path === '' ? '' : `${path}${i}`),
      fields,
      flags: null,
    }));
    const { inspection, ms } = await timed({ '1/smaps': smaps });
    const { total, mappings } = inspection.process!;
    expect(total).toMatchObject({ areas: AREAS, sizeBytes: AREAS * 4096, rssBytes: AREAS * 4096 });
    expect(mappings).toHaveLength(path === '' ? 1 : AREAS);
    expect(ms).toBeLessThan(MS);
  }
});

it('60,000 areas of vmalloc by one caller', async () => {
  const area: VmallocinfoArea = {
    start: 1n,
    end: 2n,
    bytes: 8192,
    caller: 'f+0x1/0x2',
    pages: 1,
    physical: null,
    flags: [],
    nodes: [],
  };
  const { inspection, ms } = await timed({ vmallocinfo: new Array<VmallocinfoArea>(AREAS).fill(area) });
  expect(inspection.vmalloc).toMatchObject({
    areas: AREAS,
    callers: [{ caller: 'f', areas: AREAS, bytes: AREAS * 8192, frameBytes: AREAS * 4096 }],
  });
  expect(ms).toBeLessThan(MS);
});

it('a machine of 1,024 nodes and 6 zones each, with 32 types', async () => {
  const types = Array.from({ length: 32 }, (_, i) => `t${i}`);
  const zones = Array.from({ length: 6144 }, (_, i) => ({ node: i >>> 3, zone: `z${i & 7}` }));
  const pagetypeinfo: Pagetypeinfo = {
    pageBlockOrder: 9,
    pagesPerBlock: 512,
    types,
    free: zones.flatMap((zone) => types.map((type) => ({ ...zone, type, free: [1], stoppedAt: [] }))),
    blocks: zones.map((zone) => ({ ...zone, counts: types.map((_, i) => i) })),
    mixed: null,
  };
  const { inspection, ms } = await timed({ pagetypeinfo });
  expect(inspection.types).toHaveLength(6144 * 32);
  expect(inspection.types!.at(-1)).toMatchObject({ node: 767, zone: 'z7', type: 't31', pageBlocks: 31 });
  // 0.2 s; with a search of all zones for each row 10 s.
  expect(ms).toBeLessThan(3 * MS);
});
