import { describe, expect, it } from 'vitest';
import { makeTrace } from '../../../test/traces.js';
import { UserError } from '../../errors.js';
import { TraceFormatError } from '../../formats/errors.js';
import { ENDED } from '../../replay/shortage.js';
import { type PoolOptions, ReplayPool } from './pool.js';

/** As the tests run sources, what threads run is named: what `npm run build` made, or an entry of the tests' own. */
const BUILT = new URL('../../../dist/node/threads/thread.js', import.meta.url);
const DYING = new URL('../../../test/dying-thread.js', import.meta.url);
const TRACE = makeTrace('a+100 b+200 -a -b');
const LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 };

function task(spec: string, verify = false, trace = TRACE) {
  return { trace, spec, settings: { align: 16, capacity: null }, verify };
}

async function inPool<T>(options: PoolOptions, use: (pool: ReplayPool) => Promise<T>): Promise<T> {
  await using pool = new ReplayPool(() => {}, options);
  return await use(pool);
}

const dying = (...specs: string[]) =>
  inPool({ entry: DYING, resourceLimits: LIMITS, threads: 2 }, (pool) =>
    Promise.allSettled(specs.map((spec) => pool.compare(task(spec)))),
  );

describe('ReplayPool', () => {
  it('measures and verifies in threads', async () => {
    const found = await inPool({ entry: BUILT }, (pool) => pool.compare(task('tlsf', true)));
    expect(found).toMatchObject({
      allocator: 'tlsf',
      reallocations: 0,
      verification: { fault: null, blocks: 2 },
    });
    expect(found.verification).not.toHaveProperty('unverified');
  });

  it('keeps the kind of an error', async () => {
    const [user, format, built] = await dying('user', 'format', 'ok');
    expect(user).toMatchObject({ status: 'rejected', reason: expect.any(UserError) });
    expect(user).toMatchObject({ reason: { message: 'refused', status: 2 } });
    expect(format).toMatchObject({ reason: expect.any(TraceFormatError) });
    expect(format).toMatchObject({ reason: { message: 'f:3: bad', line: 3, status: 2 } });
    expect(built).toMatchObject({ status: 'fulfilled' });
    const refused = inPool({ entry: BUILT }, (pool) => pool.compare(task('tlsf:nothing=1')));
    await expect(refused).rejects.toThrow(UserError);
  });

  it.each([
    ['heap', { code: 'ERR_WORKER_OUT_OF_MEMORY' }],
    ['exit', { code: ENDED, message: 'its thread ended without a result, with status 3' }],
    ['throw', { name: 'TypeError', message: 'thrown outside' }],
  ])('a thread that dies (%s) rejects its own task only', async (how, reason) => {
    const all = await dying('ok', how, 'ok', how, 'ok');
    expect(all.map(({ status }) => status)).toEqual([
      'fulfilled',
      'rejected',
      'fulfilled',
      'rejected',
      'fulfilled',
    ]);
    expect(all[1]).toMatchObject({ reason });
  });

  it('a real replay without memory for its thread rejects', async () => {
    const many = makeTrace(Array.from({ length: 20_000 }, (_, i) => `n${i}+8`).join(' '));
    const limits = { maxOldGenerationSizeMb: 1, maxYoungGenerationSizeMb: 1 };
    const run = inPool({ entry: BUILT, resourceLimits: limits }, (pool) =>
      pool.compare(task('naive-first', false, many)),
    );
    await expect(run).rejects.toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
  });

  it.each([
    ['heap', /^memory ran out/],
    ['exit', /^its thread ended without a result/],
    ['user', /^refused$/],
  ])('has the figures where only verifying failed (%s)', async (how, why) => {
    const found = await inPool({ entry: DYING, resourceLimits: LIMITS }, (pool) =>
      pool.compare(task(`verify@${how}`, true)),
    );
    expect(found).toMatchObject({ spec: `verify@${how}` });
    expect(found.verification).toEqual({
      fault: null,
      blocks: 0,
      checks: 0,
      unverified: expect.stringMatching(why),
    });
  });

  it('a verification that its bytes have no room for is told as such', async () => {
    const large = makeTrace('a+50000000 b+50000000');
    const found = await inPool({ entry: BUILT, memoryBytes: 64 * 2 ** 20, threads: 1 }, (pool) =>
      pool.compare(task('first-fit', true, large)),
    );
    expect(found).toMatchObject({ peakLiveBytes: 100_000_000, footprintBytes: expect.any(Number) });
    expect(found.verification?.unverified).toMatch(/^its blocks need more than the [\d.]+ MiB of memory/);
  });

  it.each([
    [2 ** 40, 3],
    [1, 1],
  ])('with %d bytes for all runs %d at once', async (memoryBytes, most) => {
    let running = 0;
    const heard = new Set<string>();
    await using pool = new ReplayPool(
      (labels) => {
        const names = labels.filter((label) => label.endsWith(' on test'));
        running = Math.max(running, names.length);
        for (const label of labels) heard.add(label);
      },
      { entry: DYING, threads: 3, memoryBytes },
    );
    await Promise.all(['a', 'b', 'c', 'd'].map((spec) => pool.compare(task(spec))));
    expect(running).toBe(most);
    expect(heard.has('the others wait for memory')).toBe(most === 1);
  });
});
