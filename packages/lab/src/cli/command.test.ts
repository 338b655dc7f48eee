/** The built command as a process of its own: threads, pipes, signals. Needs `npm run build`. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import type { Measurement } from '../metrics/measurement.js';

const COMMAND = fileURLToPath(new URL('../../bin/freehold.js', import.meta.url));
const SHARED = fileURLToPath(new URL('../../../../../shared/traces', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Many blocks that come and go: enough operations to be at work for a while. */
function recording(name: string, rounds: number): string {
  const calls = Array.from({ length: rounds }, (_, i) => {
    const slot = i % 50;
    return `${i < 50 ? '' : `f ${slot}\n`}a ${slot} ${((i * 7919) % 3000) + 1}`;
  });
  const path = join(folder, name);
  writeFileSync(path, ['0', 50, rounds * 2 - 50, 1, ...calls, ''].join('\n'));
  return path;
}

const SHORT = recording('short.rep', 2000);
const LONG = recording('long.rep', 300_000);

function freehold(...argv: string[]) {
  return spawnSync(process.execPath, [COMMAND, ...argv], { encoding: 'utf8' });
}

describe('the command', () => {
  it('replays in threads and exits with 0; nothing on stderr where that is no terminal', () => {
    const { status, stdout, stderr } = freehold(
      'compare',
      SHORT,
      '-a',
      'naive-first,first-fit,tlsf,buddy',
      '--verify',
      '--json',
    );
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const records: Measurement[] = JSON.parse(stdout);
    expect(records).toHaveLength(4);
    for (const { failed, nsPerOp, verification } of records) {
      expect(failed).toBe(0);
      expect(nsPerOp).toBeGreaterThan(0);
      expect(verification!.fault).toBeNull();
      expect(verification!.blocks).toBe(2000);
    }
  });

  it('exits with 2 and one line for a file that is no trace', () => {
    const { status, stdout, stderr } = freehold('compare', SHORT, COMMAND, '-a', 'tlsf');
    expect(status).toBe(2);
    expect(stderr).toMatch(/^freehold: .*freehold\.js: .*\n$/);
    // The trace before it was whole, and its table stands.
    expect(stdout).toMatch(/^short\.rep\n/);
  });

  it('fits in threads', () => {
    const { status, stdout } = freehold('fit', SHORT, '-a', 'first-fit,tlsf', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([{ allocator: 'first-fit' }, { allocator: 'tlsf' }]);
  });

  it('ends quietly when nobody reads on, with its files written', async () => {
    const csv = join(folder, 'unread.csv');
    const child = spawn(process.execPath, [COMMAND, 'compare', SHORT, '-a', 'tlsf', '--json', '--csv', csv], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stderr = '';
    child.stderr.on('data', (data) => {
      stderr += String(data);
    });
    child.stdout.destroy();
    const [status] = await once(child, 'exit');
    expect([status, stderr]).toEqual([0, '']);
    expect(readFileSync(csv, 'utf8')).toContain('short.rep,tlsf,');
  });

  it.each([
    ['thrown', 'throw new TypeError("lost")'],
    ['rejected', 'Promise.reject(new TypeError("lost"))'],
  ])('an error that nobody catches, %s, is one line and status 70', (_how, code) => {
    const late = `const timer = setInterval(() => {
      if (process.listenerCount('uncaughtException') === 0) return;
      clearInterval(timer);
      ${code};
    }, 10)`;
    const { status, stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        `data:text/javascript,${encodeURIComponent(late)}`,
        COMMAND,
        'compare',
        LONG,
        '-a',
        'naive-worst',
      ],
      { encoding: 'utf8' },
    );
    expect(stderr).toMatch(/^freehold: an error in freehold \S+ itself: TypeError: lost; [^\n]*\n$/);
    expect(status).toBe(70);
  });

  it('ends by Ctrl-C at once, whatever the threads are at', async () => {
    const child = spawn(process.execPath, [COMMAND, 'compare', LONG, '-a', 'naive-worst,naive-best'], {
      stdio: 'ignore',
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const interrupted = performance.now();
    child.kill('SIGINT');
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGINT');
    expect(performance.now() - interrupted).toBeLessThan(2000);
  });

  it('replays a kernel in threads, kinds of blocks and all', () => {
    const sample = fileURLToPath(new URL('../../../../samples/kernel.kmem.txt.zst', import.meta.url));
    const { status, stdout } = freehold(
      'compare',
      sample,
      '--align',
      '8',
      '-a',
      'slab',
      '--verify',
      '--json',
    );
    expect(status).toBe(0);
    const [slab] = JSON.parse(stdout);
    expect(slab).toMatchObject({ operations: 27_885, failed: 0, verification: { fault: null } });
    // Of what the recorded kernel granted, 0.9 % was never asked for.
    expect(slab.recorded.internalFragmentation).toBeCloseTo(0.009, 3);
    expect(slab.internalFragmentation).toBeLessThan(slab.recorded.internalFragmentation);
  });

  it('runs the monitor, the same for the same seed', () => {
    const argv = ['monitor', '--jobs', '500', '--seed', '5', '--json'];
    const { status, stdout, stderr } = freehold(...argv);
    expect([status, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout).outcomes).toHaveLength(5);
    expect(freehold(...argv).stdout).toBe(stdout);
  });

  it.skipIf(process.platform !== 'linux')('inspects the system it runs on', () => {
    const { status, stdout } = freehold('inspect', '--pid', 'self', '--json');
    expect(status).toBe(0);
    const { zones, process: mapped } = JSON.parse(stdout);
    expect(zones.length).toBeGreaterThan(0);
    expect(mapped.total.rssBytes).toBeGreaterThan(2 ** 20);
    expect(mapped.mappings.map(({ name }: { name: string }) => name)).toContain('[stack]');
  });

  it.skipIf(!existsSync(SHARED))('serves and verifies a recorded program', () => {
    const { status, stdout } = freehold(
      'compare',
      join(SHARED, 'ssh.trace.gz'),
      '-a',
      'tlsf,buddy',
      '--verify',
      '--json',
    );
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([
      { operations: 23_008, peakLiveBytes: 793_091, failed: 0, verification: { fault: null } },
      { operations: 23_008, peakLiveBytes: 793_091, failed: 0, verification: { fault: null } },
    ]);
  });
});
