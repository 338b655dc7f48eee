/**
 * The order of the folders in each package, and the imports that break it. A folder imports from folders on lower floors
 * only, types included; folders on one floor do not know each other. (Circles of files are the linter's: noImportCycles.)
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/** The floors of `packages/NAME/src`, the lowest first; `.` stands for the files beside the folders, entries left out. */
export type Floors = readonly (readonly string[])[];

/** An import that points up, or sideways. */
export interface Climb {
  readonly from: string;
  readonly to: string;
}

const IMPORT = /(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g;

/** All imports below `root` that break the order, and the folders that it does not name. */
export function breaches(
  root: string,
  floors: Floors,
  entries: readonly string[],
): {
  readonly climbs: readonly Climb[];
  readonly unnamed: readonly string[];
} {
  const floorOf = new Map(floors.flatMap((folders, floor) => folders.map((folder) => [folder, floor])));
  const climbs: Climb[] = [];
  const unnamed = new Set<string>();
  for (const file of sources(root)) {
    if (entries.includes(file)) continue;
    const folder = dirname(file);
    const floor = floorOf.get(folder);
    if (floor === undefined) unnamed.add(folder);
    for (const [, target] of readFileSync(join(root, file), 'utf8').matchAll(IMPORT)) {
      const to = relative(root, join(root, folder, target ?? ''));
      const below = floorOf.get(dirname(to)) ?? Number.POSITIVE_INFINITY;
      if (dirname(to) !== folder && below >= (floor ?? -1)) climbs.push({ from: file, to });
    }
  }
  return { climbs, unnamed: [...unnamed] };
}

/** The TypeScript files below the folder, tests left out, relative to it. */
function sources(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /(?<!\.test|\.d)\.ts$/.test(file),
  );
}
