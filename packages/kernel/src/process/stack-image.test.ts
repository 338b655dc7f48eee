import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AT_ENTRY,
  AT_EXECFN,
  AT_NULL,
  AT_PAGESZ,
  AT_PLATFORM,
  AT_RANDOM,
  type StackContents,
  type StackImage,
  stackImage,
} from './stack-image.js';

const TOP = 0x7fff_ffff_f000;
const RANDOM = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

function contents(changes: Partial<StackContents> = {}): StackContents {
  const auxv = [
    [AT_PAGESZ, 4096],
    [AT_ENTRY, 0x401000],
  ] as const;
  const argv = ['true', '--help'];
  return {
    top: TOP,
    path: '/bin/true',
    argv,
    envp: ['A=1'],
    auxv,
    random: RANDOM,
    bytesMax: 2 ** 21,
    ...changes,
  };
}

/** Reads the stack as the start of a C program does. */
function read({ pointer, bytes }: StackImage) {
  const view = new DataView(bytes.buffer);
  let at = 0;
  const word = () => {
    at += 8;
    return Number(view.getBigUint64(at - 8, true));
  };
  const text = (address: number) => {
    const rest = bytes.subarray(address - pointer);
    return new TextDecoder().decode(rest.subarray(0, rest.indexOf(0)));
  };
  const list = () => {
    const texts: string[] = [];
    for (let address = word(); address !== 0; address = word()) texts.push(text(address));
    return texts;
  };
  const argc = word();
  const argv = list();
  const envp = list();
  const auxv = new Map<number, number>();
  for (let type = word(); type !== AT_NULL; type = word()) auxv.set(type, word());
  return { argc, argv, envp, auxv, text };
}

describe('the stack of a program that starts', () => {
  it('shows argc, argv, envp and the auxiliary vector', () => {
    const image = stackImage(contents());
    const { argc, argv, envp, auxv, text } = read(image);
    expect(argc).toBe(2);
    expect(argv).toEqual(['true', '--help']);
    expect(envp).toEqual(['A=1']);
    expect(auxv.get(AT_PAGESZ)).toBe(4096);
    expect(auxv.get(AT_ENTRY)).toBe(0x401000);
    expect(text(auxv.get(AT_EXECFN)!)).toBe('/bin/true');
    expect(text(auxv.get(AT_PLATFORM)!)).toBe('x86_64');
    const random = auxv.get(AT_RANDOM)! - image.pointer;
    expect(image.bytes.slice(random, random + 16)).toEqual(RANDOM);
    expect(image.pointer % 16).toBe(0);
    expect(image.pointer + image.bytes.length).toBe(TOP);
    expect([...image.bytes.slice(-18)], 'the name is the last string, eight zero bytes end it').toEqual([
      ...new TextEncoder().encode('/bin/true\0'),
      ...new Uint8Array(8),
    ]);
  });

  it('holds whatever strings it is given, the pointer always a multiple of 16', () => {
    const words = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\0', '')));
    fc.assert(
      fc.property(words, words, (argv, envp) => {
        const image = stackImage(contents({ argv, envp }));
        const found = read(image);
        expect(found).toMatchObject({ argc: argv.length });
        const decoded = (texts: string[]) => texts.map((text) => Buffer.from(text, 'utf8').toString());
        expect(found.argv).toEqual(decoded(argv));
        expect(found.envp).toEqual(decoded(envp));
        expect(image.pointer % 16).toBe(0);
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what is too long, and strings that end early', () => {
    const refused = (changes: Partial<StackContents>) => () => stackImage(contents(changes));
    expect(refused({ bytesMax: 40 })).toThrow('E2BIG: arguments and environment take 50 bytes of at most 40');
    expect(refused({ argv: ['x'.repeat(131_072)] })).toThrow(
      'E2BIG: a string of 131073 bytes, more than 131072',
    );
    expect(refused({ envp: ['a\0b'] })).toThrow('EINVAL: "a\\u0000b" holds a zero byte');
  });
});
