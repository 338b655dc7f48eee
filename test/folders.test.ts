/** The folders of each package stand in an order, and no import climbs it. ARCHITECTURE.md says what is in them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { breaches, type Floors } from './folders.js';

interface Package {
  readonly floors: Floors;
  /** Files that only gather what others export, or start them. */
  readonly entries: readonly string[];
}

const PACKAGES: Readonly<Record<string, Package>> = {
  core: {
    floors: [['.'], ['memory', 'fits', 'tlsf', 'blocks', 'buddy'], ['heap'], ['heap-debug', 'wasm']],
    entries: ['index.ts'],
  },
  kernel: {
    floors: [
      ['.'],
      ['frames'],
      ['slab'],
      ['vm/translation', 'ranges'],
      ['vm/page-cache'],
      ['vm/space'],
      ['vm'],
      ['malloc', 'proc'],
      ['process'],
      ['node'],
    ],
    entries: ['index.ts', 'kernel.ts', 'proc/index.ts', 'node/index.ts'],
  },
  lab: {
    floors: [
      ['.'],
      ['text'],
      ['trace'],
      ['metrics'],
      ['workload'],
      ['formats', 'replay', 'report', 'lesson', 'monitor', 'shell', 'inspect'],
      ['report/page', 'shell/commands', 'fuzz'],
      ['node/output', 'node/threads'],
      ['node'],
      ['cli'],
      [
        ...['cli/compare', 'cli/convert', 'cli/fit', 'cli/fuzz', 'cli/info'],
        ...['cli/inspect', 'cli/kernel', 'cli/lesson', 'cli/monitor'],
      ],
    ],
    entries: ['index.ts', 'cli/commands.ts'],
  },
};

describe.each(Object.entries(PACKAGES))('packages/%s', (name, { floors, entries }) => {
  const root = fileURLToPath(new URL(`../packages/${name}/src`, import.meta.url));
  const found = breaches(root, floors, entries);

  it('imports from lower floors only', () => expect(found.climbs).toEqual([]));
  it('names each of its folders', () => expect(found.unnamed).toEqual([]));
  it('names no folder or entry that is gone', () => {
    const there = ['.', ...readdirSync(root, { recursive: true, encoding: 'utf8' })];
    expect([...floors.flat(), ...entries].filter((path) => !there.includes(path))).toEqual([]);
  });
});

describe('an order that is broken', () => {
  const root = mkdtempSync(join(tmpdir(), 'freehold-folders-'));
  afterAll(() => rmSync(root, { recursive: true }));
  const floors: Floors = [['.'], ['low', 'beside'], ['high']];

  it.each([
    ['an import from a higher floor', 'low/a.ts', "import { b } from '../high/b.js';", 'high/b.js'],
    ['a type from a higher floor', 'low/a.ts', "import type { B } from '../high/b.js';", 'high/b.js'],
    ['an export from a higher floor', 'low/a.ts', "export * from '../high/b.js';", 'high/b.js'],
    ['an import while running', 'low/a.ts', "const b = await import('../high/b.js');", 'high/b.js'],
    ['an import from the same floor', 'low/a.ts', "import { b } from '../beside/b.js';", 'beside/b.js'],
    ['an import by a file at the bottom', 'a.ts', "import { b } from './low/b.js';", 'low/b.js'],
    ['an import from a folder not named', 'high/a.ts', "import { b } from '../other/b.js';", 'other/b.js'],
  ])('%s is found', (_, file, statement, to) => {
    plant(file, statement);
    expect(breaches(root, floors, []).climbs).toEqual([{ from: file, to }]);
    expect(breaches(root, floors, [file]).climbs).toEqual([]);
  });

  it('a folder not named is found', () => {
    plant('other/a.ts', '');
    expect(breaches(root, floors, []).unnamed).toEqual(['other']);
  });

  it.each([
    ['high/a.ts', "import { b } from '../low/b.js';"],
    ['high/a.ts', "import { b } from './b.js';"],
    ['high/a.ts', "import { b } from '../b.js';"],
    ['high/a.ts', "import { b } from 'freehold';"],
    ['low/a.test.ts', "import { b } from '../high/b.js';"],
  ])('%s may: %s', (file, statement) => {
    plant(file, statement);
    expect(breaches(root, floors, [])).toEqual({ climbs: [], unnamed: [] });
  });

  function plant(file: string, statement: string): void {
    rmSync(root, { recursive: true });
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), `${statement}\n`);
  }
});
