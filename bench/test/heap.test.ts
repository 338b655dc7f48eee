/** What the benchmark of the heap is made of, short of running it: `npm run bench:heap -- --short` does that. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { makeTrace } from '../../packages/lab/test/traces.js';
import { CONTENDERS, peer } from '../src/heap/contenders.js';
import { empty } from '../src/heap/javascript.js';
import {
  OP_ALLOCATE,
  OP_FREE,
  OP_REALLOCATE,
  operationsOf,
  readOperations,
  writeOperations,
} from '../src/heap/operations.js';
import { chooseRecordings } from '../src/heap/recordings.js';
import { type Peer, QUICK, timeReplays, utilisation } from '../src/heap/replay.js';
import { withSection } from '../src/report.js';
import { type Result, Unfinished } from '../src/suite.js';
import { heapSuite, ratio, summary } from '../src/suites/heap.js';

const TRACE = makeTrace('a+100 b*50 c+10^64 -a a~0 d+30 b~200 -d');

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('recordings', () => {
  it('are told apart by their names, without endings, or refused', () => {
    const [first, second] = ['here/x.trace.gz', 'there/x.rep'];
    expect(chooseRecordings(`${first},y.rep`, false)).toEqual([first, 'y.rep']);
    expect(chooseRecordings(`${first}, ./${first}`, false)).toEqual([`./${first}`]);
    expect(() => chooseRecordings(`${first},${second}`, false)).toThrow(
      new RangeError(`--traces: ${first} and ${second} would both be x in the tables: rename one of them`),
    );
  });

  it('are named as in the tables', () => {
    expect(chooseRecordings('sqlite,git', false)).toEqual([
      expect.stringMatching(/sqlite\.trace\.gz$/),
      expect.stringMatching(/git\.trace\.gz$/),
    ]);
    expect(chooseRecordings(undefined, true)).toEqual([expect.stringMatching(/git\.trace\.gz$/)]);
    expect(chooseRecordings(undefined, false).length).toBeGreaterThan(10);
  });
});

describe('contenders', () => {
  it('that break down are told as left out, and do not end the benchmark', async () => {
    const path = join(folder, 'large.ops');
    writeOperations(path, operationsOf(makeTrace(`a+${3 * 2 ** 30}`)));
    for (const { utilisation } of CONTENDERS.filter(({ id }) => ['thi.ng', 'codemix'].includes(id))) {
      await expect(utilisation!(path, QUICK)).rejects.toThrow(
        '3221225472 bytes live, but addresses up to 2 GiB',
      );
    }
    const broken = peer({
      ...CONTENDERS.find(({ id }) => id === 'as-tlsf')!,
      time: () => {
        throw new TypeError('no such page');
      },
    });
    await expect(broken.time(path, QUICK)).rejects.toThrow(new Unfinished('TypeError: no such page'));
  });

  it('that are native tell all that they need: a compiler too', () => {
    for (const { id, side, install } of CONTENDERS) {
      if (side === 'native') expect([id, install]).toEqual([id, expect.stringContaining('gcc libc6-dev')]);
    }
  });
});

describe('operations', () => {
  it('end with a free of all that is left, and ask for a byte where none is asked for', () => {
    const { length, slots, op, slot, size, align, peakBytes } = operationsOf(TRACE);
    expect(length).toBe(TRACE.length + 3);
    expect(slots).toBe(TRACE.slots);
    expect([...op.subarray(TRACE.length)]).toEqual([OP_FREE, OP_FREE, OP_FREE]);
    expect([...slot.subarray(TRACE.length)].sort()).toEqual([0, 1, 2]);
    expect([...size]).toEqual([100, 50, 10, 0, 1, 30, 200, 0, 0, 0, 0]);
    expect(align[2]).toBe(6);
    expect(peakBytes).toBe(1 + 200 + 10 + 30);
  });

  it('are the same after the file', () => {
    const operations = operationsOf(TRACE);
    const path = join(folder, 'trace.ops');
    writeOperations(path, operations);
    expect(readOperations(path)).toEqual(operations);
  });

  it('refuse what half of the contenders could not address', () => {
    expect(() => operationsOf(makeTrace(`a+${2 ** 32}`))).toThrow('operation 1 requests 4294967296 bytes');
    const three = 3 * 2 ** 30;
    expect(() => operationsOf(makeTrace(`a+${three} b+${three}`))).toThrow(
      '6442450944 bytes live at once; less than 4 GiB allowed',
    );
  });
});

/** Hands out ever higher addresses, and says what it was asked. */
function bump(calls: string[] = []): Peer {
  let top = 64;
  const take = (call: string, size: number) => {
    calls.push(call);
    top += size;
    return top - size;
  };
  return {
    memory: { bytes: new Uint8Array(1 << 16) },
    malloc: {
      malloc: (size) => take(`malloc ${size}`, size),
      calloc: (count, size) => take(`calloc ${count} ${size}`, count * size),
      realloc: (address, size) => take(`realloc ${address} ${size}`, size),
      alignedAlloc: (align, size) => take(`aligned ${align} ${size}`, size),
      free: (address) => void calls.push(`free ${address}`),
    },
    footprint: (end) => end - 64,
  };
}

describe('a replay', () => {
  it('calls what the recording called, and writes a byte into each block', () => {
    const calls: string[] = [];
    const peer = bump(calls);
    const operations = operationsOf(TRACE);
    expect(operations.op).toContain(OP_REALLOCATE);
    expect(utilisation(operations, peer, QUICK)).toBe(241 / (100 + 50 + 10 + 1 + 30 + 200));
    expect(calls).toEqual([
      'malloc 100',
      'calloc 1 50',
      'aligned 64 10',
      'free 64',
      'malloc 1',
      'malloc 30',
      'realloc 164 200',
      'free 225',
      'free 224',
      'free 255',
      'free 214',
    ]);
    const written = [...peer.memory.bytes.keys()].filter((i) => peer.memory.bytes[i] === 1);
    expect(written).toEqual([64, 164, 214, 224, 225, 255]);
  });

  it('ends where there is no room, and where it takes too long', () => {
    const full: Peer = { ...bump(), malloc: { ...bump().malloc, malloc: () => 0 } };
    expect(() => utilisation(operationsOf(TRACE), full, QUICK)).toThrow(
      new Unfinished('out of memory at operation 1'),
    );
    expect(() => timeReplays(operationsOf(TRACE), bump(), { ...QUICK, limitMs: -1 })).toThrow(
      'over -0.001 s for one replay',
    );
  });

  it('of the empty malloc takes time', () => {
    expect(timeReplays(operationsOf(TRACE), empty(), QUICK)).toBeGreaterThan(0);
  });
});

describe('the table and the goals', () => {
  const result = (contender: string, trace: string, what: string, value: number | null): Result => ({
    contender,
    at: { trace, what },
    rounds: value === null ? [] : [value],
    median: value ?? Number.NaN,
    min: value ?? Number.NaN,
    max: value ?? Number.NaN,
    failed: value === null ? 'over 5 s for one replay' : null,
  });
  const results = [
    result('heap', 'one', 'time', 4),
    result('heap', 'two', 'time', 9),
    result('glibc', 'one', 'time', 8),
    result('glibc', 'two', 'time', 18),
    result('thi.ng', 'one', 'time', 400),
    result('thi.ng', 'two', 'time', null),
    result('heap', 'one', 'utilisation', 0.9),
    result('heap', 'two', 'utilisation', 0.9),
    result('glibc', 'one', 'utilisation', 0.5),
    result('glibc', 'two', 'utilisation', 0.5),
  ];
  const chosen = CONTENDERS.filter(({ id }) => ['heap', 'glibc', 'thi.ng'].includes(id));
  const suite = heapSuite(['one', 'two'], chosen);

  it('ratios are over what both finished', () => {
    expect(ratio(results, 'glibc', 'time')).toBeCloseTo(0.5);
    expect(ratio(results, 'thi.ng', 'time')).toBeCloseTo(0.01);
    const { geomeans, traces } = summary(results);
    expect(geomeans['heap']).toMatchObject({ nsPerOp: expect.closeTo(6), utilization: 0.9, traces: 2 });
    expect(geomeans['thi.ng']).toMatchObject({ nsPerOp: expect.closeTo(400), utilization: null, traces: 1 });
    expect(traces).toHaveLength(6);
    expect(traces).toContainEqual(
      expect.objectContaining({
        trace: 'two',
        contender: 'thi.ng',
        nsPerOp: null,
        failed: expect.any(String),
      }),
    );
  });

  it('goals of contenders that are missing are none', () => {
    expect(suite.goals(results).map(({ goal, met }) => [goal, met])).toEqual([
      ['time at most 0.75 × glibc', true],
      ['time at most 0.05 × thi.ng', true],
      ['utilisation at least 90 %', true],
      ['utilisation at least that of every peer, by their own accounting', true],
    ]);
    expect(suite.notes!(results)).toEqual(['left out on two: thi.ng: over 5 s for one replay']);
  });

  it('has a job for each figure that a contender has', () => {
    const jobs = suite.jobs(false).filter(({ at }) => at['trace'] === 'one');
    expect(jobs.map(({ contender, at, once }) => `${contender} ${at['what']}${once ? ' once' : ''}`)).toEqual(
      [
        'heap time',
        'glibc time',
        'thi.ng time',
        'heap utilisation once',
        'glibc utilisation once',
        'thi.ng utilisation once',
        'glibc resident once',
        'heap p99.9 once',
      ],
    );
    expect(OP_ALLOCATE).toBe(0);
  });
});

it('a section of the page takes the place of its older self, and no other', () => {
  const one = withSection('# Benchmarks\n', 'a', 'first');
  const two = withSection(one, 'b', 'second');
  const three = withSection(two, 'a', 'third');
  expect(three).toBe(
    '# Benchmarks\n\n<!-- a -->\n\nthird\n\n<!-- end of a -->\n\n<!-- b -->\n\nsecond\n\n<!-- end of b -->\n',
  );
});
