/**
 * The commands that README and docs show are run, and print what is shown below them. `npm run test:docs`; needs
 * `npm run build`. A command stands in a `console` block behind `$ `; in an `sh` block stands what a reader runs and
 * this does not, and NOT_RUN says why. The JavaScript: docs-examples.test.ts.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  agrees,
  type Block,
  blocksOf,
  describeDifference,
  documents,
  falsified,
  type Mask,
  ROOT,
  type Shown,
  shownIn,
} from './documents.js';

/** What begins like this is not run, for the reason given. */
const NOT_RUN: readonly (readonly [start: string, why: string])[] = [
  ['npm ci', 'installs into the very folder that the tests run in; .ci/run runs it'],
  ['npm test', 'is what runs these tests, and more'],
  ['npm run ', 'each is a step of `npm run ci`, or minutes of measuring'],
  ['sudo ', 'needs root'],
  ['perf ', 'needs root, and the tools of a Linux kernel'],
  ['emcc ', 'Emscripten is not there on every machine'],
  ['clang ', 'Debian’s compiler for WebAssembly is not there on every machine; npm run test:wasm runs it'],
];

const MASKS: readonly Mask[] = [
  {
    command: /freehold compare/,
    figure:
      /^((?:naive-|first|next|best|worst|tlsf|blocks|buddy|heap|slab|pages)[a-z-]* +)\*?[\d.,]+ +\d+(?= )/,
    why: 'ns/op: a time, and ±%: its spread',
  },
  { command: /freehold fuzz/, figure: /()[\d.]+ s\b/, why: 'a time' },
];

const shown = documents().flatMap((path) =>
  blocksOf(path)
    .filter(({ language }) => language === 'console')
    .map((block) => ({ place: block.place, block })),
);

/** A folder like the root of the project, in which commands may write. */
const folder = mkdtempSync(join(tmpdir(), 'freehold-docs-'));
const programs = join(folder, '.programs');
beforeAll(() => {
  mkdirSync(programs);
  for (const name of ['samples', 'LICENSE']) symlinkSync(join(ROOT, name), join(folder, name));
  // `npx freehold` without a second of npx.
  const npx = join(programs, 'npx');
  const command = join(ROOT, 'packages/lab/bin/freehold.js');
  writeFileSync(
    npx,
    `#!/bin/sh\ntest "$1" = freehold && shift && exec '${process.execPath}' '${command}' "$@"\n`,
  );
  chmodSync(npx, 0o755);
});
afterAll(() => rmSync(folder, { recursive: true }));

interface Done {
  readonly status: number | null;
  readonly lines: readonly string[];
}

/** Both streams as a terminal shows them; `$?` is what the command before ended with. */
function run(command: string, before: number): Done {
  const { status, stdout } = spawnSync('bash', ['-c', `exec 2>&1; (exit ${before}); ${command}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, PATH: `${programs}${delimiter}${process.env['PATH']}`, NO_COLOR: '1' },
    timeout: 150_000,
  });
  return { status, lines: stdout.split('\n') };
}

function masksFor(command: string): Mask[] {
  return MASKS.filter((mask) => mask.command.test(command));
}

/** Runs the commands of a block in turn and holds each against what is shown. */
function checkBlock(block: Block): void {
  const all = shownIn(block);
  let before = 0;
  all.forEach((each, i) => {
    const { status, lines } = run(each.command, before);
    before = status ?? 1;
    const statusIsShown = all[i + 1]?.command === 'echo $?';
    if (!statusIsShown) expect(status, `${each.place}, ${each.command}: ${lines.join('\n')}`).toBe(0);
    if (each.output !== null) checkOutput(each, each.output, lines);
  });
}

function checkOutput({ place, command }: Shown, output: readonly string[], lines: readonly string[]): void {
  const masks = masksFor(command);
  expect(agrees(output, lines, masks), `${place}, ${command}\n${describeDifference(output, lines)}`).toBe(
    true,
  );
  // The proof that this bites: a falsehood in any line is found.
  output.forEach((line, i) => {
    if (!/\w/.test(line)) return;
    const lie = output.with(i, falsified(line));
    expect(agrees(lie, lines, masks), `${place}, falsified: ${lie[i]}`).toBe(false);
  });
}

describe('the commands of the documents', () => {
  it.each(shown)('$place print what is shown', ({ block }) => checkBlock(block));

  it('that are not run have a reason, and the reasons are needed', () => {
    const commands = documents().flatMap((path) =>
      blocksOf(path)
        .filter(({ language }) => language === 'sh')
        .flatMap(({ place, lines }) => lines.filter(isCommand).map((line) => ({ place, line }))),
    );
    for (const { place, line } of commands) {
      expect(NOT_RUN.filter(([start]) => line.startsWith(start)).length, `${place}: ${line}`).toBe(1);
    }
    for (const [start] of NOT_RUN) {
      expect(commands.filter(({ line }) => line.startsWith(start)).length, start).toBeGreaterThan(0);
    }
  });

  it('stand in blocks of a known language, and nowhere else', () => {
    for (const block of documents().flatMap((path) => blocksOf(path))) {
      expect(['console', 'js', 'sh', 'text'], block.place).toContain(block.language);
      if (block.language !== 'text') continue;
      expect(
        block.lines.filter((line) => /^(\$ |npx |npm )/.test(line)),
        block.place,
      ).toEqual([]);
    }
  });

  it('of a planted document are found false', () => {
    const block = (...lines: string[]): Block => ({
      place: 'planted:1',
      language: 'console',
      lines,
      lead: '',
    });
    const ps = [
      '$ echo ps | npx freehold kernel',
      'pid  parent  state  mapped  in memory  tables  faults  copies  program',
    ];
    const row = '  1       0  alive   4 KiB      4 KiB       4       1       0  [init]';
    expect(() => checkBlock(block(...ps, row))).not.toThrow();
    expect(() => checkBlock(block(...ps, row.replace('alive', 'awake')))).toThrow('awake');
    expect(() => checkBlock(block(...ps))).toThrow('[init]');
    expect(() => checkBlock(block('$ npx freehold kernel none.txt', '$ echo $?', '0'))).toThrow('2');
  });
});

/** Lines that go on from the one above are not commands of their own, nor are comments. */
function isCommand(line: string): boolean {
  return line.trim() !== '' && !/^(\s|#)/.test(line);
}
