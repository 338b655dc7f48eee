/** How fast a recording goes through an allocator, and how long the whole comparison takes. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { timeReplay } from '@freehold/lab';
import { openTrace } from '@freehold/lab/node';
import { find, type Job, nanoseconds, ns, processorTime, type Suite } from '../suite.js';

const file = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url));

/** A long recording where there is one beside the project, else one of the project's own. */
const LONG = ['../shared/traces/vlc.trace.gz', 'samples/sqlite.trace.gz']
  .map(file)
  .find((path) => existsSync(path))!;
const SHORT = file('samples/sqlite.trace.gz');
const CONTENDERS = ['tlsf', 'buddy', 'first-fit', 'best-fit'];

export const replay: Suite = {
  id: 'replay',
  title: 'Replay of a recording',
  method:
    'A whole recording is replayed, untimed once, then timed on the processor; `compare` is the time on the wall of the command `freehold compare` ' +
    'on it, through all allocators that are not naive, divided by its operations.',
  jobs: (short) => {
    const trace = short ? SHORT : LONG;
    return [...CONTENDERS, 'compare'].map((contender) => ({
      contender,
      at: { trace: trace.split('/').at(-1)! },
    }));
  },
  measure: async ({ contender }: Job, short) => {
    const path = short ? SHORT : LONG;
    const trace = await openTrace(path);
    if (contender !== 'compare') return timeReplay(trace, contender, () => processorTime() / 1e6);
    const ids = 'first-fit,next-fit,best-fit,worst-fit,tlsf,blocks,buddy';
    const args = [file('packages/lab/bin/freehold.js'), 'compare', path, '--allocators', ids, '--json'];
    const time = nanoseconds(() => {
      const { status } = spawnSync(process.execPath, args, {
        stdio: ['ignore', 'ignore', 'inherit'],
        maxBuffer: 2 ** 26,
      });
      if (status !== 0) throw new Error(`freehold compare ended with status ${status}`);
    });
    return time / trace.length;
  },
  tables: (results) => [
    {
      head: ['trace', 'contender', 'ns an operation', 'million operations/s'],
      rows: results.map(({ contender, at, median, min, max }) => [
        String(at['trace']),
        contender,
        `${ns(median)} (${ns(min)}–${ns(max)})`,
        (1000 / median).toFixed(1),
      ]),
    },
  ],
  goals: (results) => {
    const trace = results[0]!.at['trace']!;
    const { median } = find(results, 'tlsf', 'trace', trace);
    const compare = find(results, 'compare', 'trace', trace).median;
    return [
      {
        goal: 'at least 10 million operations a second through tlsf',
        met: median <= 100,
        found: `${(1000 / median).toFixed(1)} million`,
      },
      {
        goal: 'freehold compare of 2 million operations in at most 20 s',
        met: compare * 2e6 <= 20e9,
        found: `${((compare * 2e6) / 1e9).toFixed(1)} s at its time an operation`,
      },
    ];
  },
};
