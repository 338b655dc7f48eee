/** The command in this process, with real replays but no threads; what only a process shows is in command.test.ts. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InvalidFreeError } from 'freehold';
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { capture } from '../../test/capture.js';
import { makeTrace } from '../../test/traces.js';
import { UserError } from '../errors.js';
import { FORMATS } from '../formats/index.js';
import type { MeasurementRecord } from '../metrics/csv.js';
import type { Measurement } from '../metrics/measurement.js';
import { ALLOCATORS } from '../replay/allocators.js';
import { makeArena, parseContender } from '../replay/contender.js';
import { contendersFor } from '../replay/contenders.js';
import * as worker from '../replay/task.js';
import { COMMANDS } from './commands.js';
import { main } from './main.js';
import { VERSION } from './version.js';

const faults = vi.hoisted(() => new Map<string, NonNullable<Measurement['verification']>['fault']>());

/** What the replays of an allocator throw, and why its verification comes to no end. */
const thrown = vi.hoisted(() => new Map<string, Error>());
const unverified = vi.hoisted(() => new Map<string, string>());

vi.mock('../node/threads/pool.js', () => ({
  ReplayPool: class {
    async compare(task: worker.CompareTask): Promise<Measurement> {
      if (thrown.has(task.spec)) throw thrown.get(task.spec);
      const why = unverified.get(task.spec);
      if (why !== undefined) {
        const verification = { fault: null, blocks: 0, checks: 0, unverified: why };
        return { ...worker.compare({ ...task, verify: false }), verification };
      }
      const measurement = worker.compare(task);
      const fault = faults.get(task.spec);
      return fault === undefined
        ? measurement
        : { ...measurement, verification: { fault, blocks: 1, checks: 1 } };
    }
    async findSmallestArena(task: worker.FitTask) {
      if (thrown.has(task.spec)) throw thrown.get(task.spec);
      return worker.findSmallestArena(task);
    }
    async [Symbol.asyncDispose]() {}
  },
}));

// Rounds of timing would take most of the time of these tests, and their figures differ from run to run.
vi.mock('../replay/timing.js', async (original) => ({
  ...(await original<object>()),
  timingUnlessLong: () => ({
    nsPerOp: 12.5,
    nsPerOpMin: 12,
    nsPerOpMax: 13.5,
    nsPerOpQ1: 12.25,
    nsPerOpQ3: 13.5,
  }),
}));

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

function thrownBy(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    return error;
  }
}

/** A recording in the format of malloc lab: slots, sizes. */
function recording(name: string, calls: readonly string[]): string {
  const path = join(folder, name);
  const ids = new Set(calls.map((call) => call.split(' ')[1])).size;
  writeFileSync(path, ['20000', ids, calls.length, '1', ...calls, ''].join('\n'));
  return path;
}

const SMALL = recording('small.rep', ['a 0 100', 'a 1 200', 'r 0 300', 'f 1', 'a 1 10', 'f 0', 'f 1']);
const OTHER = recording('other.rep', ['a 0 1000', 'a 1 20', 'f 0', 'f 1']);

const said = capture();
afterEach(() => {
  faults.clear();
  thrown.clear();
  unverified.clear();
});

const run = (...argv: string[]) => main(argv);
const lines = (text: string) => text.split('\n');

describe('freehold', () => {
  it('--version', async () => {
    expect(await run('--version')).toBe(0);
    expect(said.out).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([...COMMANDS.keys()])('%s --help fits 80 columns', async (name) => {
    expect(await run(name, '--help')).toBe(0);
    expect(lines(said.out).filter((line) => line.length > 80)).toEqual([]);
  });

  it.each([['--help'], ['compare', '--help'], ['fit', '--help'], ['help', 'compare']])(
    '%s %s: help of 80 columns with examples',
    async (...argv) => {
      expect(await run(...argv)).toBe(0);
      expect(said.out).toContain('Usage: freehold');
      expect(said.out).toContain(
        '$ freehold compare app.trace.gz'.replace('compare', argv.includes('fit') ? 'fit' : 'compare'),
      );
      expect(lines(said.out).filter((line) => line.length > 80)).toEqual([]);
      expect(said.err).toBe('');
    },
  );

  it.each([
    [['compar'], "freehold: unknown command 'compar' (Did you mean compare?)"],
    [['compare'], "freehold: missing required argument 'trace'"],
    [
      ['compare', SMALL, '--alocators', 'x'],
      "freehold: unknown option '--alocators' (Did you mean --allocators?)",
    ],
    [['fit', SMALL, '--capacity', '5'], "freehold: unknown option '--capacity'"],
    [['compare', join(folder, 'none.gz')], `freehold: ${join(folder, 'none.gz')}: no such file`],
    [['compare', folder], `freehold: ${folder}: is a folder, not a trace`],
    [
      ['compare', SMALL, '--capacity', '12q'],
      "freehold: --capacity: '12q' is not a size; give whole bytes from 1 up, such as 4096, 64KiB, 1.5MiB or 2GiB",
    ],
    [
      ['compare', SMALL, '--as', 'pages'],
      `freehold: unknown trace format 'pages'; known: ${FORMATS.map(({ id }) => id).join(', ')}`,
    ],
    [
      ['compare', SMALL, '--as', 'kmem'],
      `freehold: ${SMALL}: it holds no call of an allocator (read as kmem)`,
    ],
    [['compare', SMALL, '--align', '24'], "freehold: --align: '24' is not a power of two"],
    [['compare', SMALL, '-a', 'tlsf,tlsf'], "freehold: --allocators: 'tlsf' is given twice"],
    [
      ['compare', SMALL, '-a', 'buddy:unit=64', '--capacity', '63'],
      'freehold: buddy:unit=64: capacity must be at least 64 bytes, got 63 (with --align 16, --capacity 63)',
    ],
    [
      ['compare', SMALL, '--csv', join(folder, 'no/a.csv')],
      `freehold: --csv: cannot write ${join(folder, 'no/a.csv')}: the folder ${join(folder, 'no')} does not exist, or may not be written to`,
    ],
    [
      ['compare', SMALL, '--report', join(folder, 'no/a.html')],
      `freehold: --report: cannot write ${join(folder, 'no/a.html')}: the folder ${join(folder, 'no')} does not exist, or may not be written to`,
    ],
    [['compare', SMALL, '--report', folder], `freehold: --report: cannot write ${folder}: it is a folder`],
    [
      ['compare', SMALL, '--csv', join(folder, '.', 'small.rep')],
      `freehold: --csv: cannot write ${SMALL}: it is the recording itself`,
    ],
    [
      ['compare', SMALL, '--csv', join(folder, 'a'), '--report', join(folder, 'a')],
      `freehold: --report: cannot write ${join(folder, 'a')}: --csv is written there already`,
    ],
    [['compare', SMALL, join(folder, 'none.gz')], `freehold: ${join(folder, 'none.gz')}: no such file`],
  ])('%j is wrong use: one line, status 2', async (argv, message) => {
    expect(await run(...argv)).toBe(2);
    expect(said.err).toBe(`${message}\n`);
    expect(said.out).toBe('');
  });

  it('without a command prints its help as an error', async () => {
    expect(await run()).toBe(2);
    expect(said.err).toContain('Usage: freehold');
    expect(said.out).toBe('');
  });
});

describe('compare', () => {
  it('prints a table within 80 columns, the best starred, and what the columns mean', async () => {
    expect(await run('compare', SMALL, '-a', 'first-fit,buddy:unit=64')).toBe(0);
    expect(lines(said.out).slice(0, 2)).toEqual([
      'small.rep',
      '7 operations, 4 requests, at most 500 B live, in an arena that grows',
    ]);
    const [head, first, spec, buddy] = lines(said.out).slice(3);
    expect(head!.trim().split(/\s+/)).toEqual(
      'ns/op ±% util int ext JW#1 JW#2 JW#3 JW#4 search p99'.split(' '),
    );
    // r = 500, g = 304 + 208 for first fit; 512 + 256 for the buddies. 13.5 is 8 % above 12.5.
    expect(first!.trim().split(/\s+/).slice(1, 3)).toEqual(['12.5', '8']);
    expect(first!.trim().split(/\s+/)[4]).toBe('*2.3');
    expect(spec).toBe('buddy unit=64');
    expect(buddy!.trim().split(/\s+/)[3]).toBe('34.9');
    expect(said.out).toContain('* marks the best of a column. Shares are in per cent.');
    expect(said.out).toContain('\nJW#4 ');
    expect(said.out).not.toContain('\u001b');
    expect(lines(said.out).filter((line) => line.length > 80)).toEqual([]);
  });

  it('runs every allocator on a short trace', async () => {
    expect(await run('compare', SMALL, '--json')).toBe(0);
    const general = ALLOCATORS.filter(({ formats }) => formats === undefined).map(({ id }) => id);
    expect(JSON.parse(said.out).map(({ allocator }: Measurement) => allocator)).toEqual(general);
  });

  it('leaves the naive ones out of a long trace, and says so and how to have them', async () => {
    const calls = Array.from({ length: 25_001 }, () => ['a 0 10', 'f 0']).flat();
    const long = recording('long.rep', calls);
    expect(await run('compare', long)).toBe(0);
    expect(said.out).not.toMatch(/^naive-first +\d/m);
    expect(said.out).toContain(
      'The naive allocators were left out of long.rep, of more than 50,000 operations',
    );
    expect(lines(said.out).filter((line) => line.length > 80)).toEqual([]);
    said.out = '';
    expect(await run('compare', long, '-a', 'naive-first', '--json')).toBe(0);
    expect(JSON.parse(said.out)).toHaveLength(1);
  });

  it('--json prints an array of objects', async () => {
    expect(await run('compare', SMALL, OTHER, '-a', 'first-fit:block=32,tlsf', '--verify', '--json')).toBe(0);
    const records: MeasurementRecord[] = JSON.parse(said.out);
    expect(records.map(({ trace, allocator }) => [trace, allocator])).toEqual([
      ['small.rep', 'first-fit:block=32'],
      ['small.rep', 'tlsf'],
      ['other.rep', 'first-fit:block=32'],
      ['other.rep', 'tlsf'],
    ]);
    expect(records[0]).toMatchObject({
      operations: 7,
      requests: 4,
      peakLiveBytes: 500,
      failed: 0,
      internalFragmentation: (320 + 224 - 500) / (320 + 224),
      options: { block: '32', order: 'address' },
      capacity: null,
      verification: { fault: null },
    });
    for (const record of records) {
      for (const key of [
        'nsPerOp',
        'footprintBytes',
        'bookkeepingBytes',
        'utilization',
        'externalFragmentation',
        'meanSearch',
      ] as const) {
        expect(record[key], key).toEqual(expect.any(Number));
      }
      expect(record).not.toHaveProperty('timeline');
    }
  });

  it('shows what the recorded allocator granted, and reads the other level with --as', async () => {
    const line = (event: string) => `  sh 1 [000] 1.5: kmem:${event} gfp_flags=GFP_KERNEL\n`;
    const kmem = join(folder, 'kmem.txt');
    writeFileSync(
      kmem,
      line('kmem_cache_alloc: ptr=0x1000 name=dentry bytes_req=75 bytes_alloc=100') +
        line('kmalloc: ptr=0x2000 bytes_req=75 bytes_alloc=100') +
        line('mm_page_alloc: page=0x7 pfn=0x7 order=1 migratetype=1'),
    );
    expect(await run('compare', kmem, '--align', '8', '-a', 'slab,buddy')).toBe(0);
    expect(said.out).toMatch(/^recorded +- +- +- +25\.0 +- /m);
    // An object of 75 bytes takes 80 in its own cache, 96 of kmalloc.
    expect(said.out).toMatch(/^slab +\*?[\d.]+ +\d+ +\*?[\d.]+ \*?14\.8 /m);
    said.out = '';
    expect(await run('compare', kmem, '--json')).toBe(0);
    const objects: MeasurementRecord[] = JSON.parse(said.out);
    expect(objects.at(-1)!.allocator).toBe('slab');
    expect(objects.map(({ recorded }) => recorded!.grantedAtPeakBytes)).toEqual(objects.map(() => 200));
    said.out = '';
    expect(await run('compare', kmem, '--as', 'kmem-pages', '--align', '4096', '--json')).toBe(0);
    const pages: MeasurementRecord[] = JSON.parse(said.out);
    expect(pages.at(-1)).toMatchObject({ allocator: 'pages', operations: 1, peakLiveBytes: 8192 });
    said.out = '';
    expect(await run('compare', SMALL, '-a', 'tlsf', '--json')).toBe(0);
    expect(JSON.parse(said.out)[0].recorded).toBeNull();
    expect(await run('fit', kmem, '--as', 'kmem-pages', '-a', 'pages', '--json')).toBe(0);
  });

  it('--capacity counts refusals, and stars only those who served all', async () => {
    expect(await run('compare', SMALL, '-a', 'first-fit,blocks,buddy', '--capacity', '680')).toBe(0);
    expect(said.out).toContain('at most 500 B live, in an arena of 680 B');
    const rows = lines(said.out).filter((line) => /^(first-fit|blocks|buddy) /.test(line));
    expect(lines(said.out)[3]).toContain(' failed ');
    expect(said.out).toContain('\nfailed  ');
    // The buddies take 128 and 256 bytes, and have no 512 left for the reallocation.
    expect(rows.map((row) => row.trim().split(/\s+/)[10])).toEqual(['0', '0', '1']);
    expect(rows.map((row) => row.includes('*'))).toEqual([true, true, false]);
  });

  it('several traces have geometric means below', async () => {
    expect(await run('compare', SMALL, OTHER, '-a', 'first-fit,tlsf')).toBe(0);
    expect(said.out).toContain('All 2 traces\ngeometric means, of the allocators that ran on all\n');
    expect(said.out.match(/^tlsf /gm)).toHaveLength(3);
  });

  it('--csv and --report write files', async () => {
    const csv = join(folder, 'figures.csv');
    const report = join(folder, 'report.html');
    expect(await run('compare', SMALL, '-a', 'first-fit', '--csv', csv, '--report', report)).toBe(0);
    const rows = readFileSync(csv, 'utf8').split('\r\n');
    expect(rows[1]).toMatch(/^small\.rep,first-fit,"First fit, O\(log n\)",,7,4,/);
    expect(readFileSync(report, 'utf8')).toContain('small.rep');
  });

  it('a fault found by --verify is told on stderr, with status 1, after the table', async () => {
    faults.set('tlsf', { kind: 'overlap', operation: 1234, address: 96, message: 'the block overlaps' });
    faults.set('buddy', { kind: 'law', operation: 5, address: null, message: 'broken law' });
    expect(await run('compare', SMALL, '-a', 'first-fit,tlsf,buddy', '--verify')).toBe(1);
    expect(lines(said.err)).toEqual([
      'freehold: small.rep, tlsf: operation 1,234, address 0x60: the block overlaps',
      'freehold: small.rep, buddy: operation 5: broken law',
      'freehold: 2 of 3 verifications failed',
      '',
    ]);
    expect(said.out).toMatch(/^tlsf /m);
  });

  it('one that could not be verified is told everywhere, the others finish, status 2', async () => {
    unverified.set(
      'tlsf',
      'its blocks need more than the 1.00 MiB of memory available: replay without --verify, or on a machine with more memory',
    );
    const csv = join(folder, 'unverified.csv');
    const report = join(folder, 'unverified.html');
    const argv = ['compare', SMALL, '-a', 'first-fit,tlsf', '--verify'];
    expect(await run(...argv, '--csv', csv, '--report', report)).toBe(2);
    const why = 'could not be verified: its blocks need more than the 1.00 MiB of memory';
    expect(lines(said.err)[0]).toContain(`freehold: small.rep, tlsf: ${why}`);
    expect(lines(said.err)[1]).toMatch(/^freehold: 1 of 2 verifications not done; /);
    expect(said.out.replaceAll(/\s+/g, ' ')).toContain(`tlsf ${why}`);
    expect(said.out).toMatch(/^tlsf +\*?[\d.]+ +\*?[\d.]+ /m);
    expect(lines(said.out).filter((line) => line.length > 80)).toEqual([]);
    const rows = readFileSync(csv, 'utf8').split('\r\n');
    expect(rows[1]).toMatch(/,sound$/);
    expect(rows[2]).toContain(',"not verified: its blocks need more than the 1.00 MiB');
    expect(readFileSync(report, 'utf8')).toContain(`tlsf ${why}`);
    said.out = '';
    expect(await run(...argv, '--json')).toBe(2);
    const [sound, other]: MeasurementRecord[] = JSON.parse(said.out);
    expect(sound!.verification).not.toHaveProperty('unverified');
    expect(other!.verification).toMatchObject({ fault: null, unverified: expect.stringContaining('blocks') });
  });

  it('one without figures is told everywhere, the others finish, status 2', async () => {
    thrown.set('tlsf', new RangeError('Array buffer allocation failed'));
    const csv = join(folder, 'unmeasured.csv');
    const report = join(folder, 'unmeasured.html');
    const argv = ['compare', SMALL, '-a', 'tlsf,first-fit'];
    expect(await run(...argv, '--csv', csv, '--report', report)).toBe(2);
    const why = 'could not be measured: memory ran out (Array buffer allocation failed)';
    expect(lines(said.err)[0]).toBe(`freehold: small.rep, tlsf: ${why}`);
    expect(lines(said.err)[1]).toMatch(/^freehold: 1 of 2 replays not done; /);
    expect(said.out).toMatch(/^first-fit +[\d.]+ /m);
    expect(said.out).toMatch(/^tlsf( +-){11}$/m);
    expect(said.out).toContain(`tlsf ${why}.`);
    expect(lines(said.out).filter((line) => line.length > 80)).toEqual([]);
    const rows = readFileSync(csv, 'utf8').split('\r\n');
    expect(rows[1]).toMatch(/^small\.rep,first-fit,/);
    expect(rows[2]).toMatch(/^small\.rep,tlsf,[^,"]*"?[^"]*"?,{20,}not measured: memory ran out/);
    expect(readFileSync(report, 'utf8')).toContain(why);
    said.out = '';
    expect(await run(...argv, '--json')).toBe(2);
    expect(JSON.parse(said.out)).toMatchObject([
      { allocator: 'first-fit', operations: 7 },
      { allocator: 'tlsf', trace: 'small.rep', error: { kind: 'shortage', message: expect.any(String) } },
    ]);
  });

  it('with figures of nobody prints no table, and the next recording goes on', async () => {
    thrown.set('tlsf', new UserError('refused'));
    expect(await run('compare', SMALL, OTHER, '-a', 'tlsf', '--report', join(folder, 'none.html'))).toBe(2);
    expect(said.out).toContain('small.rep\ntlsf could not be measured: refused.\n');
    expect(said.out).toContain('other.rep\ntlsf could not be measured: refused.\n');
  });

  it('a fault found outweighs what was not done, and an error of our own is thrown', async () => {
    thrown.set('tlsf', new InvalidFreeError(16, 'free'));
    thrown.set('buddy', new UserError('refused'));
    expect(await run('compare', SMALL, '-a', 'first-fit,tlsf,buddy')).toBe(1);
    expect(said.err).toContain(
      'small.rep, tlsf: could not be measured: it threw InvalidFreeError: address 0x10',
    );
    expect(said.err).toContain('freehold: 1 of 3 replays failed');
    thrown.set('tlsf', new TypeError('of our own'));
    expect(await run('compare', SMALL, '-a', 'first-fit,tlsf,buddy')).toBe(70);
    expect(said.err).toContain('TypeError: of our own; please report it');
    expect(said.out.match(/^first-fit /gm)).toHaveLength(2);
  });

  it('an arena that there is no memory for is left to its replay, which tells it in its row', () => {
    const tlsf = parseContender('tlsf');
    const make = () => {
      throw thrownBy(() => new ArrayBuffer(Number.MAX_SAFE_INTEGER));
    };
    const huge = { ...tlsf, kind: { ...tlsf.kind, make } };
    const settings = { align: 16, capacity: null };
    expect(contendersFor(makeTrace('a+1'), [huge], settings)).toEqual([huge]);
    expect(() => makeArena(huge, settings)).toThrow(RangeError);
  });
});

describe('names with control characters', () => {
  const NAME = 'a\u001b[31m\u202e\u009b2J\u007f\r\nb.rep';
  const SHOWN = 'a\\u001b[31m\\u202e\\u009b2J\\u007f\\u000d\\u000ab.rep';
  const HOSTILE = recording(NAME, ['a 0 100', 'f 0']);
  const SCRIPT = join(folder, 'script');
  writeFileSync(SCRIPT, NAME);
  /** Everything but line feeds and printable text. */
  const controls = (text: string) => text.replaceAll('\n', '').match(/[\p{Cc}\u202e]/gu) ?? [];

  it.each([
    ['compare', HOSTILE, '-a', 'tlsf'],
    ['fit', HOSTILE, '-a', 'tlsf'],
    ['info', HOSTILE],
  ])('%s shows them', async (...argv) => {
    expect(await run(...argv)).toBe(0);
    expect(lines(said.out)[0]).toBe(SHOWN);
    expect(controls(said.out)).toEqual([]);
    said.out = '';
    expect(await run(...argv, '--json')).toBe(0);
    expect(controls(said.out)).toEqual([]);
    expect(JSON.parse(said.out)[0].trace).toBe(NAME);
  });

  it.each([
    ['compare', join(folder, `no-${NAME}`)],
    ['compare', SMALL, '-a', NAME],
    ['compare', SMALL, '--csv', join(folder, NAME, 'a')],
    ['convert', SMALL, `${NAME}.none`],
    ['kernel', SCRIPT],
    ['lesson', NAME],
    [NAME],
  ])('%j tells its error without them', async (...argv) => {
    expect(await run(...argv)).toBe(2);
    expect(said.err).toMatch(/^freehold: [^\n]*\\u001b[^\n]*\n$/);
    expect(controls(said.err)).toEqual([]);
  });

  it('convert shows them where it tells what it wrote', async () => {
    expect(await run('convert', SMALL, join(folder, `out-${NAME}`))).toBe(0);
    expect(said.err).toContain('out-a\\u001b[31m');
    expect(controls(said.err)).toEqual([]);
  });

  it('our own colours reach a terminal, those of names do not', async () => {
    vi.stubEnv('NO_COLOR', '');
    vi.stubEnv('TERM', 'xterm');
    const { isTTY } = process.stdout;
    process.stdout.isTTY = true;
    try {
      expect(await run('info', HOSTILE)).toBe(0);
    } finally {
      process.stdout.isTTY = isTTY;
      vi.unstubAllEnvs();
    }
    expect(lines(said.out)[0]).toBe(`\u001b[1m${SHOWN}\u001b[22m`);
  });
});

describe('an error in freehold itself', () => {
  const argv = ['compare', SMALL, '-a', 'tlsf'];
  beforeEach(() => thrown.set('tlsf', new TypeError('no such thing')));
  afterEach(() => vi.unstubAllEnvs());

  it('is one line with the version and what to do, status 70', async () => {
    expect(await run(...argv)).toBe(70);
    expect(said.err).toBe(
      `freehold: small.rep, tlsf: could not be measured: it threw TypeError: no such thing\nfreehold: an error in freehold ${VERSION} itself: TypeError: no such thing; please report it with the command and its input; FREEHOLD_DEBUG=1 shows where\n`,
    );
  });

  it('shows its stack with FREEHOLD_DEBUG', async () => {
    vi.stubEnv('FREEHOLD_DEBUG', '1');
    expect(await run(...argv)).toBe(70);
    expect(said.err).toMatch(
      /^freehold: small[^\n]*\nfreehold: an error [^\n]*\nTypeError: no such thing\n {4}at [\s\S]*main\.test\.ts/,
    );
  });
});

describe('fit', () => {
  it('one without an answer is told in its row, the others finish, status 2', async () => {
    thrown.set('tlsf', Object.assign(new Error('heap'), { code: 'ERR_WORKER_OUT_OF_MEMORY' }));
    expect(await run('fit', SMALL, '-a', 'tlsf,first-fit')).toBe(2);
    expect(said.out).toMatch(/^first-fit +624 B /m);
    expect(said.out).toMatch(/^tlsf( +-){5}$/m);
    expect(said.out).toContain('tlsf could not be measured: memory ran out (heap).');
    expect(said.err).toContain('freehold: small.rep, tlsf: could not be measured: memory ran out (heap)');
    said.out = '';
    expect(await run('fit', SMALL, '-a', 'tlsf,first-fit', '--json')).toBe(2);
    expect(JSON.parse(said.out)[1]).toMatchObject({ allocator: 'tlsf', error: { kind: 'shortage' } });
  });

  it('prints the smallest arenas, and the ratio to the bytes live', async () => {
    expect(await run('fit', SMALL, OTHER, '-a', 'first-fit,buddy:unit=64')).toBe(0);
    const [title, facts, , head, first, , buddy] = lines(said.out);
    expect([title, facts]).toEqual(['small.rep', '7 operations, at most 500 B live']);
    expect(head!.trim().split(/ {2,}/)).toEqual(['smallest', 'bytes', 'x live', 'growing', 'books']);
    // The block of 100 bytes, rounded to 112, stays until it has moved behind the one of 208.
    expect(first!.trim().split(/ {2,}/).slice(0, 5)).toEqual([
      'first-fit',
      '*624 B',
      '624',
      '1.248',
      '624 B',
    ]);
    expect(buddy!.trim().split(/ {2,}/).slice(0, 3)).toEqual(['896 B', '896', '1.792']);
    expect(said.out).toContain('All 2 traces\ngeometric means');
    expect(lines(said.out).filter((line) => line.length > 80)).toEqual([]);
  });

  it('says where more room is not always safe', async () => {
    const calls = ['a 0 80', 'a 1 32', 'f 0', 'a 0 96', 'a 2 16', 'f 1', 'a 1 112'];
    expect(await run('fit', recording('odd.rep', calls), '-a', 'best-fit')).toBe(0);
    expect(said.out.replaceAll(/\s+/g, ' ')).toContain(
      'best-fit serves all in 224 bytes but not in 304: a larger arena is not always safe with it',
    );
  });

  it('--json prints an array of objects', async () => {
    expect(await run('fit', SMALL, '-a', 'first-fit', '--align', '32', '--json')).toBe(0);
    expect(JSON.parse(said.out)).toMatchObject([
      {
        trace: 'small.rep',
        allocator: 'first-fit',
        operations: 7,
        peakLiveBytes: 500,
        smallestBytes: 128 + 224 + 320,
        grownBytes: 672,
        failsAtBytes: null,
      },
    ]);
  });
});
