/** Which recordings are replayed: those in the folders beside this program, or named by the user. */
import { readdirSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The recording of `--short`: quick for everybody. */
const SHORT = 'git';

/**
 * @param list names as in the tables, or paths, separated by commas; left out, all of `../shared/traces`, or of `samples`
 * @returns paths
 * @throws RangeError where two of them have one name
 */
export function chooseRecordings(list: string | undefined, short: boolean): string[] {
  const samples = recordings('../../../samples/');
  const shared = recordings('../../../../shared/traces/');
  const known = shared.length > 0 ? shared : samples;
  if (list === undefined) return short ? samples.filter((path) => nameOf(path) === SHORT) : known;
  const named = (word: string) => [...known, ...samples].find((path) => nameOf(path) === word) ?? word;
  const paths = new Map<string, string>();
  for (const path of list.split(',').map((word) => named(word.trim()))) {
    const name = nameOf(path);
    const other = paths.get(name);
    if (other !== undefined && resolve(other) !== resolve(path)) {
      throw new RangeError(
        `--traces: ${other} and ${path} would both be ${name} in the tables: rename one of them`,
      );
    }
    paths.set(name, path);
  }
  return [...paths.values()];
}

/** `vlc` of `…/vlc.trace.gz`. */
export function nameOf(path: string): string {
  return basename(path).split('.')[0]!;
}

/** The recordings in a folder beside this program; none where it is missing. */
function recordings(folder: string): string[] {
  const url = new URL(folder, import.meta.url);
  try {
    const files = readdirSync(url).filter((name) => /\.(gz|zst)$/.test(name));
    return files.sort().map((name) => fileURLToPath(new URL(name, url)));
  } catch {
    return [];
  }
}
