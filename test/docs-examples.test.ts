/**
 * The JavaScript that README and docs show is run, each block as a module of its own, and has the values that its
 * comments claim and prints what is shown below it. Needs `npm run build`. The commands: docs-commands.docs.ts.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agrees,
  type Block,
  blocksOf,
  type Claim,
  claimsIn,
  describeDifference,
  documents,
  falsified,
  holds,
  instrumented,
  type Mask,
  type Reported,
  ROOT,
} from './documents.js';

/** Where the modules lie, so that they find the packages: ignored by git. */
const MODULES = join(ROOT, 'build/examples');

/** Examples that cannot be run as they stand: what they take for granted. */
const GIVEN: readonly (readonly [part: string, before: string])[] = [
  [
    'heap.faults.failAt(n)',
    `import { DebugHeap, Heap } from 'freehold';
     const heap = new DebugHeap(Heap.create(new ArrayBuffer(65536)));
     const run = (heap) => [100, 200, 300].map((size) => heap.malloc(size)).forEach((address) => heap.free(address));`,
  ],
];

const MASKS: readonly Mask[] = [
  { command: /./, figure: /()\S*\/malloc-imports\.js:\d+:\d+/, why: 'where the package lies, and its lines' },
  { command: /./, figure: /()(?:file:|…)\S+?(?=:\d+:\d+)/, why: 'where the example lies' },
  { command: /./, figure: /(wasm:\/\/wasm\/)[\da-f]+/, why: 'V8’s name of the module' },
];

const examples = documents().flatMap((path) => {
  const blocks = blocksOf(path);
  return blocks.flatMap((block, i) => {
    if (block.language !== 'js') return [];
    const next = blocks[i + 1];
    const printed = next?.language === 'text' && /prints:?$/.test(next.lead) ? next.lines : null;
    return [{ place: block.place, block, printed }];
  });
});

const folder = mkdtempSync(join(tmpdir(), 'freehold-examples-'));
beforeAll(() => {
  rmSync(MODULES, { recursive: true, force: true });
  mkdirSync(MODULES, { recursive: true });
  copyFileSync(join(ROOT, 'LICENSE'), join(folder, 'LICENSE'));
  copyFileSync(join(ROOT, 'packages/core/test/wasm/faults/faults.wasm'), join(folder, 'faults.wasm'));
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Run {
  readonly printed: readonly string[];
  readonly reported: ReadonlyMap<number, Reported>;
}

/** Runs a block in a process of its own, in a folder where it may write files. */
function run(block: Block): Run {
  const path = join(MODULES, `${block.place.replaceAll(/\W+/g, '-')}.mjs`);
  const given = GIVEN.find(([part]) => block.lines.some((line) => line.includes(part)))?.[1] ?? '';
  writeFileSync(path, given + instrumented(block));
  const { status, stdout, stderr, output } = spawnSync(process.execPath, [path], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    timeout: 60_000,
  });
  expect(status, `${block.place}: ${stderr}`).toBe(0);
  const reports = (output[3] ?? '').split('\n').filter((line) => line !== '');
  const reported = reports.map((line) => JSON.parse(line) as Reported);
  return { printed: stdout.split('\n'), reported: new Map(reported.map((each) => [each.line, each])) };
}

function isTrue({ line, value }: Claim, { reported }: Run): boolean {
  const actual = reported.get(line);
  return actual !== undefined && holds(value, actual);
}

describe('the examples in JavaScript', () => {
  it('are there', () => {
    expect(examples.length).toBeGreaterThan(5);
    expect(examples.flatMap(({ block }) => claimsIn(block)).length).toBeGreaterThan(20);
  });

  it.each(examples)('$place does what it says', ({ block, printed }) => {
    const done = run(block);
    for (const claim of claimsIn(block)) {
      const actual = done.reported.get(claim.line)?.text ?? 'never reached';
      expect(isTrue(claim, done), `${claim.place}: it is ${actual}`).toBe(true);
      // The proof that this bites: a falsehood in its place is found.
      expect(isTrue({ ...claim, value: falsified(claim.value) }, done), `${claim.place}, falsified`).toBe(
        false,
      );
    }
    if (printed === null) return;
    expect(agrees(printed, done.printed, MASKS), describeDifference(printed, done.printed)).toBe(true);
    printed.forEach((line, i) => {
      if (!/\w/.test(line) || line === '...') return;
      const lie = printed.with(i, falsified(line));
      // Where only a masked figure was changed, it is none.
      if (agrees([line], [lie[i]!], MASKS)) return;
      expect(agrees(lie, done.printed, MASKS), `${block.place}, falsified: ${lie[i]}`).toBe(false);
    });
  });

  it('of a planted document are found false', () => {
    const lines = ['const two = 1 + 1;  // 3, as everybody knows', "console.log('printed');"];
    const block: Block = { place: 'planted:1', language: 'js', lines, lead: '' };
    const done = run(block);
    expect(claimsIn(block).map((claim) => isTrue(claim, done))).toEqual([false]);
    expect(agrees(['printed'], done.printed, MASKS)).toBe(true);
    expect(agrees(['painted'], done.printed, MASKS)).toBe(false);
  });
});
