/**
 * /proc/PID/smaps: each area of an address space with the memory behind it, shared and private, clean and dirty.
 * Source: Linux fs/proc/task_mmu.c, `show_smap`, `__show_smap`.
 */
import { FRAME_DIRTY, OWNER_ANONYMOUS } from '../frames/descriptors.js';
import { FRAME_BYTES } from '../machine.js';
import type { AddressSpace } from '../vm/space/address-space.js';
import type { Area } from '../vm/space/area.js';
import { PTE_ACCESSED, PTE_DIRTY, PTE_SPECIAL } from '../vm/translation/page-table.js';
import { labelled, linesOf, ProcFormatError } from './lines.js';
import { areaOf, type MapsArea, parseArea, printArea } from './maps.js';

export interface SmapsArea {
  readonly area: MapsArea;
  /** By name as printed, in that order: `Size`, `Rss`, `Pss`… in KiB, `THPeligible` and `ProtectionKey` as they are. */
  readonly fields: ReadonlyMap<string, number>;
  /** Two letters each: `rd`, `wr`, `mr`…; null where the kernel prints none. */
  readonly flags: readonly string[] | null;
}

const WITHOUT_UNIT = ['THPeligible', 'ProtectionKey'];
/** One column more than other labels of its length. */
const WIDE_LABEL = 'Private_Hugetlb';

/** Parts of a page are rounded down to so many to a byte: 3 pages held by 3 are 11 kB and some. */
const PSS_SCALE = 2 ** 12;
/** Of the flags of an area, from the lowest bit on. */
const MNEMONICS = ['rd', 'wr', 'ex', 'sh', 'mr', 'mw', 'me', 'ms', 'gd'];

/**
 * What the file tells of this address space. O(pages in memory).
 * @example
 * ```js
 * const kernel = new Kernel();
 * const init = kernel.process(1);
 * const at = init.mmap({ length: 2 ** 20, populate: true });
 * kernel.processes.fork(init);
 * const { fields } = smapsOf(init.space).find(({ area }) => area.start === BigInt(at));
 * // All resident, and half of it for each of the two processes that share it.
 * [fields.get('Rss'), fields.get('Pss'), fields.get('Private_Dirty')];   // => [1024, 512, 0]
 * ```
 */
export function smapsOf(space: AddressSpace): SmapsArea[] {
  return Array.from(space.areas, (area) => ({
    area: areaOf(area),
    fields: fieldsOf(space, area),
    flags: MNEMONICS.filter((_, bit) => (area.flags & (1 << bit)) !== 0),
  }));
}

function fieldsOf(space: AddressSpace, area: Area): Map<string, number> {
  const { pages } = space.vm;
  const { u32 } = pages.machine;
  const { mapCount, flags, owner } = pages.descriptors;
  const bytes = { shared: [0, 0], private: [0, 0] };
  let pss = 0;
  let pssDirty = 0;
  let referenced = 0;
  let anonymous = 0;
  space.table.forEach(area.start / FRAME_BYTES, area.end / FRAME_BYTES, (entry) => {
    const low = u32[entry];
    // The zero page is nobody's memory.
    if ((low & PTE_SPECIAL) !== 0) return;
    const frame = low >>> 12;
    const dirty = (low & PTE_DIRTY) !== 0 || (flags[frame] & FRAME_DIRTY) !== 0;
    const holders = mapCount[frame];
    bytes[holders > 1 ? 'shared' : 'private'][dirty ? 1 : 0] += FRAME_BYTES;
    const part = Math.floor((FRAME_BYTES * PSS_SCALE) / holders);
    pss += part;
    if (dirty) pssDirty += part;
    if ((low & PTE_ACCESSED) !== 0) referenced += FRAME_BYTES;
    if (owner[frame] === OWNER_ANONYMOUS) anonymous += FRAME_BYTES;
  });
  const [sharedClean, sharedDirty] = bytes.shared as [number, number];
  const [privateClean, privateDirty] = bytes.private as [number, number];
  const told: [string, number][] = [
    ['Size', area.bytes],
    ['KernelPageSize', FRAME_BYTES],
    ['MMUPageSize', FRAME_BYTES],
    ['Rss', sharedClean + sharedDirty + privateClean + privateDirty],
    ['Pss', pss / PSS_SCALE],
    ['Pss_Dirty', pssDirty / PSS_SCALE],
    ['Shared_Clean', sharedClean],
    ['Shared_Dirty', sharedDirty],
    ['Private_Clean', privateClean],
    ['Private_Dirty', privateDirty],
    ['Referenced', referenced],
    ['Anonymous', anonymous],
    // There are no huge pages, no swap and no locked memory here.
    ...ABSENT.map((name): [string, number] => [name, 0]),
  ];
  return new Map(told.map(([name, value]) => [name, Math.floor(value / 1024)]));
}

const ABSENT = [
  'KSM',
  'LazyFree',
  'AnonHugePages',
  'ShmemPmdMapped',
  'FilePmdMapped',
  'Shared_Hugetlb',
  'Private_Hugetlb',
  'Swap',
  'SwapPss',
  'Locked',
  'THPeligible',
];

/**
 * The text of /proc/PID/smaps, as Linux prints it.
 * @example
 * ```js
 * const { space } = new Kernel().process(1);
 * const [area, size] = printSmaps(smapsOf(space)).split('\n');
 * area.endsWith('[stack]');   // => true
 * size;   // => 'Size:                  4 kB'
 * ```
 */
export function printSmaps(areas: readonly SmapsArea[]): string {
  return areas
    .map(({ area, fields, flags }) => {
      const lines = [...fields].map(([name, value]) => {
        return (
          labelled(name, value, name === WIDE_LABEL ? 17 : 16) + (WITHOUT_UNIT.includes(name) ? '' : ' kB')
        );
      });
      const last = flags === null ? [] : [`VmFlags: ${flags.map((flag) => `${flag} `).join('')}`];
      return `${[printArea(area), ...lines, ...last].join('\n')}\n`;
    })
    .join('');
}

/**
 * Reads the text of /proc/PID/smaps, or of smaps_rollup, with all figures that the kernel prints.
 * @param file named in errors
 * @throws ProcFormatError naming the line of another form
 * @example
 * ```js
 * const text = '00400000-00452000 r-xp 00000000 08:02 17 /bin/sh\nRss:     328 kB\nPss:      41 kB\n';
 * const [{ area, fields, flags }] = parseSmaps(text);
 * [area.path, fields.get('Pss'), flags];   // => ['/bin/sh', 41, null]
 * parseSmaps('Rss: 328 kB');   // => throws ProcFormatError: /proc/PID/smaps:1: expected an area
 * ```
 */
export function parseSmaps(text: string, file = '/proc/PID/smaps'): SmapsArea[] {
  const areas: { area: MapsArea; fields: Map<string, number>; flags: string[] | null }[] = [];
  for (const line of linesOf(text, file)) {
    const area = parseArea(line);
    if (area !== null) {
      areas.push({ area, fields: new Map(), flags: null });
      continue;
    }
    const current = areas.at(-1);
    if (current === undefined) {
      throw new ProcFormatError(
        file,
        line.number,
        "expected an area, 'START-END rwxp …', before its figures",
      );
    }
    const words = /^(VmFlags|Name):(?: (.*))?$/.exec(line.text);
    if (words !== null) {
      const [, name, list = ''] = words;
      // Android's kernels before 4.0 name memory here; a flag without letters of its own is printed as '??'.
      if (name === 'Name') current.area = { ...current.area, path: list.trimStart() };
      else current.flags = list.split(' ').filter(Boolean);
      continue;
    }
    const [, name = '', value, unit] = line.match(
      /^(\w+): +(\d+)( +kB)?$/,
      "a figure such as 'Rss: 8 kB', 'VmFlags: …' or the next area",
    );
    if ((unit === undefined) !== WITHOUT_UNIT.includes(name)) line.fail(`${name} in kB`);
    current.fields.set(name, Number(value));
  }
  return areas;
}
