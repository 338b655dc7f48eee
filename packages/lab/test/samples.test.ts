/** The recordings in samples/ are what samples/README.md says they are, and small enough to be kept. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { openTrace } from '../src/node/open-trace.js';
import { checkTrace } from '../src/trace/check.js';
import { peakLiveBytes } from '../src/trace/live.js';
import { counts } from './recordings.js';

const SAMPLES = fileURLToPath(new URL('../../../samples/', import.meta.url));
const SAMPLE_BYTES_MAX = 400_000;
const ALL_BYTES_MAX = 4_000_000;

/** Columns of the README's table of figures. */
interface Row {
  readonly file: string;
  readonly format: string;
  /** malloc, calloc, memalign, realloc, free, as counts() has them. */
  readonly calls: readonly number[];
  readonly operations: number;
  readonly blocks: number;
  readonly peakBytes: number;
}

const readme = readFileSync(`${SAMPLES}README.md`, 'utf8');
const rows = readRows();
const files = readdirSync(SAMPLES).filter((name) => /\.(gz|zst)$/.test(name));

describe('samples', () => {
  it('all have a row in the README', () => {
    expect(rows.map((row) => row.file).sort()).toEqual(files.sort());
    expect(rows.length).toBeGreaterThanOrEqual(8);
  });

  it('are small', () => {
    const sizes = files.map((file) => statSync(SAMPLES + file).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(SAMPLE_BYTES_MAX);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(ALL_BYTES_MAX);
  });

  it('each have a program that records them', () => {
    for (const { file } of rows) {
      const program = readFileSync(`${SAMPLES}programs/${file.split('.')[0]}.sh`, 'utf8');
      expect(program).toContain(`sample=${file}\n`);
    }
  });

  it.each(rows)(
    '$file holds what its row says',
    async ({ file, format, calls, operations, blocks, peakBytes }) => {
      const trace = await openTrace(SAMPLES + file);
      checkTrace(trace);
      expect(trace.format).toBe(format);
      expect(counts(trace)).toEqual(calls);
      expect(trace.length).toBe(operations);
      expect(trace.slots).toBe(blocks);
      expect(peakLiveBytes(trace)).toBe(peakBytes);
      // A whole run: every free is of a block that the recording shows. A kernel's run is never whole.
      if (format !== 'kmem') expect(trace.notes).toMatchObject({ unknownFrees: 0, implicitFrees: 0 });
    },
  );
});

function readRows(): Row[] {
  return readme
    .split('\n')
    .filter((line) => /^\| `[^`]+\.(gz|zst)` \|/.test(line))
    .map((line) => {
      const [file = '', format = '', ...figures] = line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll(/[`,]/g, ''));
      const [
        operations = 0,
        malloc = 0,
        calloc = 0,
        memalign = 0,
        realloc = 0,
        free = 0,
        blocks = 0,
        peakBytes = 0,
      ] = figures.map(Number);
      return {
        file,
        format,
        operations,
        calls: [malloc, calloc, memalign, realloc, free],
        blocks,
        peakBytes,
      };
    });
}
