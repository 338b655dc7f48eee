/** Where the benchmark puts what it makes when it starts: operations decoded, peers compiled. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const BUILD = fileURLToPath(new URL('../../build', import.meta.url));

/** Whether the compiler is there and succeeded; what it complains of is shown. */
export function compiled(compiler: string, args: readonly string[]): boolean {
  const { error, status } = spawnSync(compiler, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return error === undefined && status === 0;
}

/** A package of the registry; null where it is not installed. */
export function findPackage(name: string): { readonly folder: string; readonly version: string } | null {
  for (let above = dirname(BUILD); ; above = dirname(above)) {
    const folder = join(above, 'node_modules', name);
    const path = join(folder, 'package.json');
    if (existsSync(path)) {
      const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string };
      return { folder, version };
    }
    if (above === dirname(above)) return null;
  }
}

/** Its name and version; null where it is not installed. */
export function packageVersion(name: string): string | null {
  const found = findPackage(name);
  return found && `${name} ${found.version}`;
}
