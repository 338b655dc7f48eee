import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { capture } from '../../../test/capture.js';
import { openTrace } from '../../node/open-trace.js';
import { main } from '../main.js';

const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
afterAll(() => rmSync(folder, { recursive: true }));
beforeEach(() => {
  for (const name of readdirSync(folder)) if (name !== 'in.rep') rmSync(join(folder, name));
});

const CALLS = ['a 0 24', 'a 1 100', 'r 0 300', 'f 1', 'f 0'];
const IN = join(folder, 'in.rep');
writeFileSync(IN, ['20000', 2, CALLS.length, 1, ...CALLS, ''].join('\n'));

const said = capture();
const convert = (...argv: string[]) => main(['convert', ...argv]);

async function columns(path: string) {
  const { length, op, slot, size, align } = await openTrace(path);
  return { op: op.slice(0, length), slot: slot.slice(0, length), size: size.slice(0, length), align };
}

describe('freehold convert', () => {
  it.each(['out.trace', 'out.trace.gz', 'out.rep', 'out.rep.gz'])(
    'to %s: read back, the same calls',
    async (name) => {
      const path = join(folder, name);
      expect(await convert(IN, path)).toBe(0);
      expect(said.out).toBe('');
      expect(said.err).toMatch(new RegExp(`^${path}: 5 operations as (protobuf|rep), \\d+ B\\n$`));
      const [before, after] = [await columns(IN), await columns(path)];
      expect(after.op).toEqual(before.op);
      expect(after.slot).toEqual(before.slot);
      expect(after.size).toEqual(before.size);
    },
  );

  it('- writes to the standard output in the format named', async () => {
    expect(await convert(IN, '-', '--format', 'rep')).toBe(0);
    expect(said.out.split('\n').slice(3, 10)).toEqual(['1', ...CALLS, '']);
    expect(said.err).toBe('');
  });

  it('what a recording of a kernel tells beyond sizes is lost, and that is said', async () => {
    const kmem = join(folder, 'kmem.txt');
    writeFileSync(kmem, '  sh 1 [000] 1.5: kmem:kmalloc: ptr=0x1000 bytes_req=75 bytes_alloc=96\n');
    const path = join(folder, 'kmem.rep');
    expect(await convert(kmem, path)).toBe(0);
    expect(said.err).toContain(`${path}: the kinds of blocks and what was granted for them are left out\n`);
    for (const each of [kmem, path]) rmSync(each);
  });

  it('a file that is there stays, but for --force', async () => {
    const path = join(folder, 'there.rep');
    writeFileSync(path, 'mine');
    expect(await convert(IN, path)).toBe(2);
    expect(said.err).toBe(`freehold: ${path} exists already; --force overwrites it\n`);
    expect(readFileSync(path, 'utf8')).toBe('mine');
    expect(await convert(IN, path, '--force')).toBe(0);
    expect((await openTrace(path)).length).toBe(5);
  });

  it('what the format cannot tell is refused, and no file is left', async () => {
    const path = join(folder, 'out.ostep');
    const status = await convert(IN, path, '--format', 'ostep');
    expect(status).toBe(2);
    expect(said.err).toContain('freehold: ');
    expect(said.err).toContain('realloc');
    expect(existsSync(path)).toBe(false);
    expect(readdirSync(folder)).toEqual(['in.rep']);
  });

  it.each([
    [[IN, 'out.txt'], /^freehold: out\.txt: no format that can be written has this extension; known: /],
    [
      [IN, 'out.txt', '--format', 'dhat'],
      /^freehold: cannot write format 'dhat'; known: protobuf, rep, ostep$/,
    ],
    [[IN], /^freehold: missing required argument 'out'/],
    [[join(folder, 'none.rep'), join(folder, 'x.rep')], /none\.rep: no such file$/],
    [[IN, join(folder, 'no/x.rep')], /^freehold: .*no\/x\.rep/],
  ])('%j is wrong use: one line, status 2', async (argv, message) => {
    expect(await convert(...argv)).toBe(2);
    expect(said.err).toMatch(/^[^\n]+\n$/);
    expect(said.err.trimEnd()).toMatch(message);
    expect(said.out).toBe('');
    expect(readdirSync(folder)).toEqual(['in.rep']);
  });
});
