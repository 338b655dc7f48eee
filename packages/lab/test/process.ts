/** The built command as a process, for the tests of what it writes. Needs `npm run build`. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const COMMAND = fileURLToPath(new URL('../bin/freehold.js', import.meta.url));

/** Root may do what a test wants refused; without its capabilities it is held to permission bits like anybody. */
const WITHOUT_RIGHTS =
  process.getuid?.() === 0 ? ['setpriv', '--bounding-set=-all', '--inh-caps=-all', '--'] : [];

/** Why permission bits cannot be tested here; null where they can. */
export function whyNoPermissions(): string | null {
  if (WITHOUT_RIGHTS.length === 0) return null;
  const { status, error, stderr } = spawnSync('setpriv', [...WITHOUT_RIGHTS.slice(1), 'true'], {
    encoding: 'utf8',
  });
  return status === 0 ? null : `root cannot give up its rights here: ${error?.message ?? stderr}`;
}

export interface Ended {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly milliseconds: number;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Held to permission bits, whoever runs the test. */
  readonly withoutRights?: boolean;
  /** No byte can be written to a regular file, as on a full disk. */
  readonly noRoom?: boolean;
  /** May send a signal: called as soon as the process is there. */
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
}

/** Runs `freehold` with these arguments to its end, for a minute at most. */
export function freehold(argv: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const began = performance.now();
  const command = [process.execPath, COMMAND, ...argv];
  if (options.noRoom) command.unshift('/bin/sh', '-c', 'ulimit -f 0; exec "$@"', 'sh');
  if (options.withoutRights) command.unshift(...WITHOUT_RIGHTS);
  const [file, ...rest] = command;
  const child = spawn(file!, rest, {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
    killSignal: 'SIGKILL',
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  options.onStart?.((signal) => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) =>
      resolve({ status, signal, stdout, stderr, milliseconds: performance.now() - began }),
    );
  });
}

/** A folder of its own, gone when disposed of. */
export class Scratch implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'freehold-outputs-'));

  /** A path in it; a folder of that name is made where it ends in `/`. */
  at(name: string): string {
    const path = join(this.path, name);
    if (name.endsWith('/')) mkdirSync(path, { recursive: true });
    return path;
  }

  /** A recording of so many calls in the format of malloc lab. */
  recording(name: string, rounds: number): string {
    const calls = Array.from({ length: rounds }, (_, i) => {
      const slot = i % 50;
      return `${i < 50 ? '' : `f ${slot}\n`}a ${slot} ${((i * 7919) % 3000) + 1}`;
    });
    const path = this.at(name);
    writeFileSync(path, ['0', 50, rounds * 2 - 50, 1, ...calls, ''].join('\n'));
    return path;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
