import { closeSync, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DATA, headerField, makeElf, set64, source, TEXT } from '../../test/elf-file.js';
import { ExecError } from '../errors.js';
import { TASK_SIZE } from '../vm/space/area.js';
import { parseElf } from './elf.js';

function broken(change: (file: Uint8Array, view: DataView) => void, file = makeElf()): () => void {
  change(file, new DataView(file.buffer));
  return () => parseElf(source(file));
}

describe('a sound ELF file', () => {
  it('tells its segments, entry and span, after reading nothing but headers', () => {
    const file = source(makeElf());
    expect(parseElf(file)).toEqual({
      positionIndependent: false,
      entry: 0x400400,
      segments: [
        { ...segmentOf(TEXT), readable: true, writable: false, executable: true },
        { ...segmentOf(DATA), readable: true, writable: true, executable: false },
      ],
      interpreter: null,
      executableStack: false,
      headersAddress: 0x400040,
      headersCount: 2,
      headerBytes: 56,
      start: 0x400000,
      end: 0x405000,
    });
    expect(file.bytesRead).toBe(4 + 64 + 2 * 56);
  });

  function segmentOf({ address, offset, fileBytes, memoryBytes }: typeof TEXT) {
    return { address, offset, fileBytes, memoryBytes, align: 4096 };
  }

  it('may be position-independent, name an interpreter and ask for an executable stack', () => {
    const file = makeElf({
      type: 3,
      segments: [{ ...TEXT, address: 0 }],
      interpreter: '/lib/ld.so',
      stack: 7,
    });
    const image = parseElf(source(file));
    expect(image).toMatchObject({
      positionIndependent: true,
      interpreter: '/lib/ld.so',
      executableStack: true,
      start: 0,
      headersAddress: 0x40,
    });
    expect(parseElf(source(makeElf({ stack: 6 }))).executableStack).toBe(false);
  });

  it('may have segments that share a page, and empty ones, which are left out', () => {
    const middle = { ...DATA, address: 0x401800, memoryBytes: 0x1000 };
    const file = makeElf({ segments: [TEXT, { ...TEXT, memoryBytes: 0, fileBytes: 0 }, middle] });
    expect(parseElf(source(file)).segments.map(({ address }) => address)).toEqual([0x400000, 0x401800]);
  });

  it('has address 0 for program headers that no segment holds', () => {
    expect(parseElf(source(makeElf({ segments: [DATA] }))).headersAddress).toBe(0);
  });
});

describe('a file that cannot be run', () => {
  it.each<[string, (file: Uint8Array, view: DataView) => void, string]>([
    [
      'a script',
      (f) => f.set([0x23, 0x21, 0x2f, 0x62]),
      'ENOEXEC: not an ELF file: it starts with 23 21 2f 62, not 7f 45 4c 46',
    ],
    [
      'a 32-bit file',
      (f) => f.set([1], 4),
      'ENOEXEC: it is a 32-bit ELF file; this machine runs 64-bit ones (class 2)',
    ],
    [
      'an unknown class',
      (f) => f.set([9], 4),
      'ENOEXEC: it is of unknown ELF class 9; this machine runs 64-bit ones (class 2)',
    ],
    ['a big-endian file', (f) => f.set([2], 5), 'ENOEXEC: its byte order is 2, not little-endian (1)'],
    ['an unknown version', (f) => f.set([3], 6), 'ENOEXEC: its ELF version is 3, not 1'],
    [
      'an object file',
      (_, v) => v.setUint16(16, 1, true),
      'ENOEXEC: its type is ET_REL; only ET_EXEC and ET_DYN can be run',
    ],
    [
      'an unknown type',
      (_, v) => v.setUint16(16, 77, true),
      'ENOEXEC: its type is 77; only ET_EXEC and ET_DYN can be run',
    ],
    [
      'another machine’s',
      (_, v) => v.setUint16(18, 183, true),
      'ENOEXEC: it is for ELF machine 183, not for x86-64 (62)',
    ],
    [
      'program headers of another size',
      (_, v) => v.setUint16(54, 32, true),
      'EINVAL: e_phentsize is 32, it must be 56',
    ],
    [
      'no program headers',
      (_, v) => v.setUint16(56, 0, true),
      'EINVAL: it has no program headers (e_phnum is 0): nothing says what to load',
    ],
    [
      'too many program headers',
      (_, v) => v.setUint16(56, 1200, true),
      'EINVAL: 1200 program headers take 67200 bytes, more than 65536',
    ],
    [
      'program headers past the end',
      (f) => set64(f, 32, 0x2800),
      'ENOEXEC: its program headers (112 bytes at 10240) would end past the end of the file at 10240',
    ],
    [
      'program headers far past the end',
      (f) => set64(f, 32, 2n ** 60n),
      'EINVAL: e_phoff is 0x1000000000000000: wraps round, or lies outside user space',
    ],
    [
      'an entry outside user space',
      (f) => set64(f, 24, TASK_SIZE),
      'EINVAL: e_entry 0x7ffffffff000 lies outside user space',
    ],
    [
      'no segment to load',
      (_, v) => {
        v.setUint32(64, 4, true);
        v.setUint32(120, 4, true);
      },
      'EINVAL: it has no PT_LOAD segment: nothing to load',
    ],
    [
      'more in the file than in memory',
      (f) => set64(f, headerField(1, 'memsz'), 0xfff),
      'EINVAL: segment 1 has more bytes in the file (4096) than in memory (4095)',
    ],
    [
      'a segment past the end of the file',
      (f) => set64(f, headerField(1, 'offset'), 0x2800),
      'EINVAL: segment 1 needs bytes 10240 to 14336, but the file ends at 10240: truncated',
    ],
    [
      'a segment past user space',
      (f) => set64(f, headerField(1, 'vaddr'), TASK_SIZE - 0x1800),
      'EINVAL: segment 1, 8192 bytes at 0x7fffffffd800, reaches past user space, which ends at 0x7ffffffff000',
    ],
    [
      'a segment that wraps round',
      (f) => set64(f, headerField(1, 'vaddr'), 2n ** 64n - 0x800n),
      'EINVAL: p_vaddr of program header 1 is 0xfffffffffffff800: wraps round, or lies outside user space',
    ],
    [
      'a segment larger than user space',
      (f) => set64(f, headerField(1, 'memsz'), 2 ** 50),
      'EINVAL: segment 1, 1125899906842624 bytes at 0x402800, reaches past user space, which ends at 0x7ffffffff000',
    ],
    [
      'a segment of 2^63 bytes',
      (f) => set64(f, headerField(1, 'memsz'), 2n ** 63n),
      'EINVAL: p_memsz of program header 1 is 0x8000000000000000: wraps round, or lies outside user space',
    ],
    [
      'a segment on the null page',
      (f) => set64(f, headerField(0, 'vaddr'), 0),
      'EINVAL: segment 0 starts at 0x0, below 0x10000, where nothing is mapped',
    ],
    [
      'an odd alignment',
      (f) => set64(f, headerField(0, 'align'), 3000),
      'EINVAL: segment 0 has alignment 3000, which is not a power of two',
    ],
    [
      'an offset that does not fit the address',
      (f) => set64(f, headerField(1, 'vaddr'), 0x402900),
      'EINVAL: segment 1 cannot be mapped: offset 0x1800 and address 0x402900 differ within the page',
    ],
    [
      'overlapping segments',
      (f) => set64(f, headerField(1, 'vaddr'), 0x400800),
      'EINVAL: segment 1 at 0x400800 overlaps the one before it (0x400000 to 0x401800); segments must rise',
    ],
    [
      'falling segments',
      (f) => set64(f, headerField(1, 'vaddr'), 0x300800),
      'EINVAL: segment 1 at 0x300800 lies below the one before it (0x400000 to 0x401800); segments must rise',
    ],
  ])('%s is refused', (_, change, message) => {
    const parse = broken(change);
    expect(parse).toThrow(ExecError);
    expect(parse).toThrow(expect.objectContaining({ message }));
  });

  it('cut short anywhere is refused', () => {
    const whole = makeElf();
    for (const bytes of [0, 1, 4, 63, 64, 100, 175, 176, 0x17ff, 0x27ff]) {
      expect(() => parseElf(source(whole.slice(0, bytes))), `${bytes} bytes`).toThrow(ExecError);
    }
    expect(() => parseElf(source(new Uint8Array()))).toThrow('ENOEXEC: not an ELF file: it is empty');
    expect(() => parseElf(source(whole.slice(0, 63)))).toThrow(
      'ENOEXEC: its header (64 bytes at 0) would end past the end of the file at 63',
    );
  });

  it('with a bad interpreter is refused', () => {
    const file = () => makeElf({ interpreter: '/lib/ld.so' });
    expect(broken((f) => set64(f, headerField(0, 'filesz'), 1), file())).toThrow(
      "EINVAL: the interpreter's name takes 1 bytes, it must be 2 to 4096",
    );
    expect(broken((f) => set64(f, headerField(0, 'filesz'), 5), file())).toThrow(
      "EINVAL: the interpreter's name does not end with a zero byte",
    );
    expect(broken((f) => set64(f, headerField(0, 'offset'), 1e9), file())).toThrow(
      "ENOEXEC: its interpreter's name (11 bytes at 1000000000) would end past the end of the file at 10240",
    );
  });

  it('is refused with an ExecError, whatever bytes of it are wrong', () => {
    const byte = fc.record({ at: fc.nat({ max: 300 }), value: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(fc.array(byte, { minLength: 1, maxLength: 6 }), (changes) => {
        const file = makeElf({ interpreter: '/lib/ld.so', stack: 6 });
        for (const { at, value } of changes) file[at] = value;
        try {
          const { segments, start, end, entry } = parseElf(source(file));
          expect(segments.length).toBeGreaterThan(0);
          expect(start).toBeLessThan(end);
          expect(Math.max(end, entry)).toBeLessThanOrEqual(TASK_SIZE);
        } catch (error) {
          expect(error).toBeInstanceOf(ExecError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('programs of this machine', () => {
  const programs = ['/bin/true', '/bin/sh', process.execPath].filter((path) => existsSync(path));
  it.skipIf(process.platform !== 'linux' || process.arch !== 'x64').each(programs)('%s is read', (path) => {
    const fd = openSync(path, 'r');
    try {
      const { size } = fstatSync(fd);
      const image = parseElf({ size, read: (offset, into) => readSync(fd, into, 0, into.length, offset) });
      expect(image.segments.some((each) => each.executable && !each.writable)).toBe(true);
      expect(image.segments.some((each) => each.writable && !each.executable)).toBe(true);
      const holdsEntry = (address: number, bytes: number) =>
        image.entry >= address && image.entry < address + bytes;
      expect(image.segments.some((each) => each.executable && holdsEntry(each.address, each.fileBytes))).toBe(
        true,
      );
      expect(image.headersAddress).toBe(image.segments[0].address + 64);
    } finally {
      closeSync(fd);
    }
  });
});
