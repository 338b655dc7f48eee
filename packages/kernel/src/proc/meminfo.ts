/**
 * /proc/meminfo: what the memory of the machine is used for. Source: Linux fs/proc/meminfo.c.
 */
import { labelled, linesOf } from './lines.js';

/** By name as printed, in that order: KiB, but for the counts of huge pages (`HugePages_Total`…). */
export type Meminfo = ReadonlyMap<string, number>;

export function printMeminfo(meminfo: Meminfo): string {
  return [...meminfo]
    .map(([name, value]) => {
      const count = isCount(name);
      const wide = count || name === 'HardwareCorrupted';
      return `${labelled(name, value, wide ? 19 : 16)}${count ? '' : ' kB'}\n`;
    })
    .join('');
}

/** @throws ProcFormatError */
export function parseMeminfo(text: string, file = '/proc/meminfo'): Map<string, number> {
  const meminfo = new Map<string, number>();
  for (const line of linesOf(text, file)) {
    const [, name = '', value, unit] = line.match(
      /^([\w()]+): +(\d+)( kB)?$/,
      "a figure as 'MemTotal: 24684084 kB'",
    );
    if ((unit === undefined) !== isCount(name)) line.fail(`${name} in kB`);
    meminfo.set(name, Number(value));
  }
  return meminfo;
}

function isCount(name: string): boolean {
  return name.startsWith('HugePages_');
}
