/**
 * /proc/PID/smaps: each area of an address space with the memory behind it, shared and private, clean and dirty.
 * Source: Linux fs/proc/task_mmu.c, `show_smap`, `__show_smap`.
 */
import { labelled, linesOf, ProcFormatError } from './lines.js';
import { type MapsArea, parseArea, printArea } from './maps.js';

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

/** @throws ProcFormatError */
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
    const flags = /^VmFlags: ((?:\w\w )*)$/.exec(line.text);
    if (flags !== null) {
      current.flags = flags[1]!.trim().split(' ').filter(Boolean);
      continue;
    }
    const [, name = '', value, unit] = line.match(
      /^(\w+): +(\d+)( kB)?$/,
      "a figure as 'Rss: 8 kB', 'VmFlags: …' or the next area",
    );
    if ((unit === undefined) !== WITHOUT_UNIT.includes(name)) line.fail(`${name} in kB`);
    current.fields.set(name, Number(value));
  }
  return areas;
}
