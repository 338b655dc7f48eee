/** Proves that the layering rule of biome.json bites: core <- kernel <- lab <- web, and never the other way. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const RULE = 'lint/style/noRestrictedImports';
const CONFIGURATION = fileURLToPath(new URL('../biome.json', import.meta.url));
const BIOME = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');

/** A statement and the folder it stands in. */
type Import = readonly [folder: string, statement: string];

const WRONG: readonly Import[] = [
  ['packages/core/src', "import { a } from '@freehold/lab';"],
  ['packages/core/src', "import { a } from '@freehold/lab/dist/a.js';"],
  ['packages/core/src', "import { a } from '@freehold/kernel';"],
  ['packages/core/src', "import { a } from 'freehold';"],
  ['packages/core/src', "import { a } from 'node:fs';"],
  ['packages/core/src', "import { a } from 'fs';"],
  ['packages/core/src', "import { a } from 'node:fs/promises';"],
  ['packages/core/src', "import { a } from 'fast-check';"],
  ['packages/core/src', "import { a } from '/a.js';"],
  ['packages/core/src', "import type { a } from '@freehold/lab';"],
  ['packages/core/src', "import '@freehold/lab';"],
  ['packages/core/src', "export { a } from '@freehold/lab';"],
  ['packages/core/src', "export * from '@freehold/lab';"],
  ['packages/core/src', "const a = await import('@freehold/lab');"],
  ['packages/core/src', "import { a } from '../../lab/src/a.js';"],
  ['packages/core/src', "import { a } from './../../lab/src/a.js';"],
  ['packages/core/src', "import { a } from '../../../packages/lab/src/a.js';"],
  ['packages/core/src/buddy', "import { a } from '../../../kernel/src/a.js';"],
  ['packages/core/src/buddy', "import { a } from '../../../web/src/a.js';"],
  ['packages/core/src/buddy', "import { a } from '../../../../bench/src/a.js';"],
  ['packages/core/src/buddy', "import { a } from '../../../../node_modules/pbf/index.js';"],
  ['packages/core/test', "import { a } from '@freehold/lab';"],
  ['packages/core/test', "import { a } from '../../lab/src/a.js';"],
  ['packages/kernel/src/slab', "import { a } from '@freehold/lab';"],
  ['packages/kernel/src/slab', "import { a } from '../../../core/src/a.js';"],
  ['packages/kernel/src/slab', "import { a } from '../../../lab/src/a.js';"],
  ['packages/lab/src/cli', "import { a } from '@freehold/web';"],
  ['packages/lab/src/cli', "import { a } from '@freehold/web/dist/a.js';"],
  ['packages/lab/src/cli', "import { a } from '@freehold/bench';"],
  ['packages/lab/src/cli', "import { a } from '../../../web/src/a.js';"],
  ['packages/lab/src/cli', "import { a } from '../../../../bench/src/a.js';"],
  ['packages/lab/src/cli', "import { a } from '../../../core/src/a.js';"],
  ['packages/lab/src/cli', "import { a } from '../../../core/dist/a.js';"],
  ['packages/lab/src/cli', "import { a } from '../../../kernel/src/a.js';"],
  ['packages/lab/src/cli', "import { a } from 'freehold/dist/a.js';"],
  ['packages/lab/src/cli', "import { a } from '@freehold/kernel/dist/a.js';"],
  ['packages/lab/src/trace', "import { a } from 'node:fs';"],
  ['packages/lab/src', "import { a } from 'node:fs/promises';"],
  ['packages/lab/src/trace', "import { a } from '../node/a.js';"],
  ['packages/lab/src/replay', "import { a } from '../cli/a.js';"],
];

const RIGHT: readonly Import[] = [
  ['packages/core/src', "import { a } from './a.js';"],
  ['packages/core/src', "import { a } from './buddy/a.js';"],
  ['packages/core/src/buddy', "import { a } from '../a.js';"],
  ['packages/core/src/buddy/deep', "import { a } from '../../tlsf/a.js';"],
  ['packages/core/test', "import { a } from 'fast-check';"],
  ['packages/core/test', "import { a } from '../src/a.js';"],
  ['packages/kernel/src/slab', "import { a } from 'freehold';"],
  ['packages/kernel/src/slab', "import { a } from '../frames/a.js';"],
  ['packages/lab/src/cli', "import { a } from 'freehold';"],
  ['packages/lab/src/cli', "import { a } from '@freehold/kernel';"],
  ['packages/lab/src/cli', "import { a } from 'node:fs';"],
  ['packages/lab/src/cli', "import { a } from 'commander';"],
  ['packages/lab/src/cli', "import { a } from '../trace/a.js';"],
  ['packages/lab/src/cli/compare', "import { a } from '../../node/a.js';"],
  ['packages/lab/src/node', "import { a } from 'node:fs';"],
  ['packages/lab/src/node/threads', "import { a } from '../../replay/a.js';"],
  ['packages/lab/src/trace', "import { a } from './a.js';"],
];

interface Verdict {
  readonly status: number | null;
  /** Files the rule complained of, relative to the root of the tree. */
  readonly complaints: ReadonlySet<string>;
}

describe('the layering rule of biome.json', () => {
  const root = mkdtempSync(join(tmpdir(), 'freehold-layering-'));
  afterAll(() => rmSync(root, { recursive: true }));

  describe.each([
    ['refuses', 'wrong', WRONG, 1],
    ['lets pass', 'right', RIGHT, 0],
  ] as const)('%s', (_verb, name, imports, status) => {
    let verdict: Verdict;
    beforeAll(() => {
      verdict = lint(join(root, name), imports);
    });

    it.each(imports.map(([folder, statement], i) => [folder, statement, i] as const))(
      'in %s: %s',
      (...row) => {
        const [folder, statement, i] = row;
        expect(verdict.complaints.has(fileOf([folder, statement], i))).toBe(status === 1);
      },
    );

    it(`with exit status ${status}`, () => {
      expect(verdict.status).toBe(status);
      expect(verdict.complaints.size).toBe(status === 1 ? imports.length : 0);
    });
  });
});

function fileOf([folder]: Import, index: number): string {
  return `${folder}/case${index}.ts`;
}

/** Writes each statement to a file of its own in a tree shaped like the workspace, and lints the tree. */
function lint(root: string, imports: readonly Import[]): Verdict {
  mkdirSync(root);
  copyFileSync(CONFIGURATION, join(root, 'biome.json'));
  imports.forEach((each, i) => {
    const file = join(root, fileOf(each, i));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${each[1]}\n`);
  });
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [
      BIOME,
      'lint',
      '--vcs-enabled=false',
      '--only=style/noRestrictedImports',
      '--reporter=json',
      '--max-diagnostics=none',
      'packages',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  if (!stdout)
    throw new Error(`biome printed no report; its exit status is ${status}, its errors:\n${stderr}`);
  const { diagnostics } = JSON.parse(stdout) as {
    diagnostics: { category: string; location: { path: string } }[];
  };
  expect(diagnostics.filter(({ category }) => category !== RULE)).toEqual([]);
  return { status, complaints: new Set(diagnostics.map(({ location }) => location.path)) };
}
