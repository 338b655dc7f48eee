/** Every public function, class and method of core and kernel has an example in its doc comment, and each runs as stated. */
import { fileURLToPath } from 'node:url';
import * as kernel from '@freehold/kernel';
import * as kernelNode from '@freehold/kernel/node';
import * as core from 'freehold';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { type Documented, documented, programOf, runExample } from './examples.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');
const CONFIGURATION = `${ROOT}/docs/api/tsconfig.json`;
const { options } = ts.parseJsonConfigFileContent(
  ts.readConfigFile(CONFIGURATION, ts.sys.readFile).config,
  ts.sys,
  `${ROOT}/docs/api`,
);

/** Each entry, and the names that its examples may use. */
const ENTRIES: readonly (readonly [entry: string, names: Readonly<Record<string, unknown>>])[] = [
  ['packages/core/src/index.ts', { ...core }],
  ['packages/kernel/src/index.ts', { ...core, ...kernel }],
  ['packages/kernel/src/node/index.ts', { ...core, ...kernel, ...kernelNode }],
];
const program = programOf(
  ROOT,
  ENTRIES.map(([entry]) => entry),
  options,
);

describe.each(ENTRIES)('%s', (entry, names) => {
  const all: Documented[] = documented(ROOT, entry, program);

  it('has an example for everything public', () => {
    const missing = all.filter(({ examples }) => examples.length === 0);
    expect(missing.map(({ name, place }) => `${place} ${name}`)).toEqual([]);
  });

  it.each(all.filter(({ examples }) => examples.length > 0))('$name, $place', async ({ examples }) => {
    for (const example of examples) await runExample(example, names);
  });
});

describe('an example', () => {
  it.each([
    ['a wrong value', '2 + 2; // => 5', 'the example states 5; it gave 4'],
    ['a wrong name', 'const sum = 2 + 2; // => 5', 'the example states 5; it gave 4'],
    ['nothing thrown', '2 + 2; // => throws RangeError', 'nothing was thrown'],
    ['another error', 'missing(); // => throws RangeError', 'it threw ReferenceError'],
    ['another message', "throw new RangeError('a'); // => throws RangeError: b", 'it threw RangeError: a'],
    ['an error that is not stated', 'missing();', 'missing is not defined'],
  ])('with %s fails', async (_, code, message) => {
    await expect(runExample(code, {})).rejects.toThrow(message);
  });

  it('that states what happens passes', async () => {
    const code =
      'const list = one();   // => [1]\nlist.at(5);   // => undefined\nlist.with(2, 0);   // => throws RangeError: Invalid';
    await runExample(code, { one: () => [1] });
  });
});
