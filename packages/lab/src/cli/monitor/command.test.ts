import { describe, expect, it } from 'vitest';
import { capture } from '../../../test/capture.js';
import { main } from '../main.js';

const said = capture();
const monitor = (...argv: string[]) => main(['monitor', '--jobs', '400', ...argv]);

describe('freehold monitor', () => {
  it('shows the policies side by side, and memory under each, within 80 columns', async () => {
    expect(await monitor()).toBe(0);
    const lines = said.out.split('\n');
    expect(lines[1]).toMatch(/^400 jobs in 64 MiB, sizes exponential, 4 MiB on average, at most 32 MiB/);
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    for (const policy of ['first-fit', 'next-fit', 'best-fit', 'worst-fit', 'buddy']) {
      expect(lines.filter((line) => line.startsWith(policy))).toHaveLength(2);
      expect(said.out).toMatch(new RegExp(`^${policy} +[·░▒▓█]{64}$`, 'm'));
    }
    // The best of a column, where there is one.
    expect(said.out).toMatch(/ \*\d/);
    expect(said.out).not.toContain('\u001b');
    expect(said.err).toBe('');
  });

  it('--timeline draws memory over time', async () => {
    expect(await monitor('--timeline', '--policies', 'best-fit,buddy')).toBe(0);
    expect(said.out.match(/^ {2}[·░▒▓█]{64}$/gm)).toHaveLength(32);
  });

  it('--json gives every figure, the same for the same seed', async () => {
    const policies = 'first-fit:order=size-up,buddy:unit=64KiB';
    const argv = ['--json', '--policies', policies, '--memory', '1MiB', '--mean', '64KiB', '--seed', '3'];
    expect(await monitor(...argv)).toBe(0);
    const { mix, outcomes } = JSON.parse(said.out);
    expect(mix).toEqual({
      jobs: 400,
      seed: 3,
      memory: 2 ** 20,
      unit: 1024,
      load: 0.65,
      sizes: 'exponential',
      meanSize: 2 ** 16,
      largestSize: 2 ** 19,
      overtake: false,
    });
    expect(outcomes.map(({ policy }: { policy: string }) => policy)).toEqual(policies.split(','));
    const first = said.out;
    said.out = '';
    await monitor(...argv);
    expect(said.out).toBe(first);
  });

  it('the buddy system rounds up, and so holds less than best fit', async () => {
    expect(await monitor('--jobs', '3000', '--json', '--policies', 'best-fit,buddy', '--load', '0.9')).toBe(
      0,
    );
    const [best, buddy] = JSON.parse(said.out).outcomes;
    expect(best.granted).toBe(best.utilization);
    expect(buddy.granted).toBeGreaterThan(1.3 * buddy.utilization);
    expect(buddy.utilization).toBeLessThan(0.85 * best.utilization);
    expect(buddy.meanWait).toBeGreaterThan(2 * best.meanWait);
  });

  it('--overtake lets the small ones by: they wait less, memory is fuller', async () => {
    const mean = async (...argv: string[]) => {
      said.out = '';
      expect(await monitor('--json', '--policies', 'first-fit', '--load', '0.9', ...argv)).toBe(0);
      const [{ meanWait, utilization }] = JSON.parse(said.out).outcomes;
      return { meanWait, utilization };
    };
    const served = await mean();
    const overtaken = await mean('--overtake');
    expect(overtaken.meanWait).toBeLessThan(served.meanWait);
    expect(overtaken.utilization).toBeGreaterThan(served.utilization);
  });

  it('jobs that no policy can host are told, and only where there are some', async () => {
    const argv = ['--policies', 'buddy:unit=64KiB:orders=4,best-fit', '--memory', '1MiB', '--mean', '256KiB'];
    expect(await monitor(...argv)).toBe(0);
    expect(said.out).not.toContain('never');
    expect(await monitor(...argv, '--largest', '1MiB')).toBe(0);
    expect(said.out).toMatch(/search +never\n/);
    expect(said.out).toMatch(/^never +jobs rejected: /m);
  });

  it.each([
    [['--jobs', '0'], "--jobs: '0' is not a whole number from 1 to 1,000,000"],
    [['--seed', '-1'], "--seed: '-1' is not a whole number from 0 to 2,147,483,647"],
    [['--load', 'full'], "--load: 'full' is not a number from 0.01 to 100, such as 0.65"],
    [['--load', '0'], "--load: '0' is not a number from 0.01 to 100, such as 0.65"],
    [['--unit', '24'], '--unit: 24 is not a power of two'],
    [['--largest', '65MiB'], '--largest: 65 MiB is more than the memory, 64 MiB'],
    [
      ['--largest', '512KiB'],
      '--largest: 512 KiB is too small for jobs of 4 MiB on average, in units of 64 KiB',
    ],
    [['--policies', 'buddy,buddy'], "--policies: 'buddy' is given twice"],
    [['--policies', 'fist-fit'], "--policies: unknown allocator 'fist-fit'; did you mean first-fit? Known: "],
    [
      ['--memory', '32KiB', '--policies', 'blocks:block=64KiB'],
      'blocks:block=64KiB: capacity must be at least',
    ],
    [
      ['--sizes', 'normal'],
      "option '--sizes <DISTRIBUTION>' argument 'normal' is invalid. Allowed choices are uniform, exponential, hyperexponential.",
    ],
  ])('%j is wrong use', async (argv, message) => {
    expect(await monitor(...argv)).toBe(2);
    expect(said.err.startsWith(`freehold: ${message}`)).toBe(true);
    expect(said.out).toBe('');
  });
});
