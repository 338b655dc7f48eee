import { PbfWriter } from 'pbf';
import { describe, expect, it } from 'vitest';
import { contents, counts, notes, operations, read, shared } from '../../test/recordings.js';
import { openTrace } from '../node/open-trace.js';
import { protobuf } from './protobuf.js';

const MALLOC = 1;
const FREE = 2;
const REALLOC = 3;
const CALLOC = 4;

type Fields = Readonly<Record<number, number | readonly number[]>>;

/** A Tracefile of calls given as kind and fields; a field that is a list is written byte by byte. */
function tracefile(...calls: readonly (readonly [number, Fields])[]): Uint8Array {
  const pbf = new PbfWriter();
  for (const [kind, fields] of calls) {
    pbf.writeMessage(
      1,
      () =>
        pbf.writeMessage(
          kind,
          () => {
            for (const [tag, value] of Object.entries(fields)) {
              pbf.writeTag(Number(tag), 0);
              if (typeof value === 'number') pbf.writeVarint(value);
              else for (const byte of value) writeByte(pbf, byte);
            }
          },
          null,
        ),
      null,
    );
  }
  return pbf.finish();
}

function writeByte(pbf: PbfWriter, byte: number): void {
  pbf.realloc(1);
  pbf.buf[pbf.pos++] = byte;
}

describe('protobuf', () => {
  const mixed = tracefile(
    [MALLOC, { 1: 0, 2: 100 }],
    [CALLOC, { 1: 1, 2: 3, 3: 40 }],
    [MALLOC, { 1: 300, 2: 64, 3: 4096 }],
    [REALLOC, { 1: 5, 2: 0, 3: 2 ** 33 }],
    [REALLOC, { 1: 6, 3: 70 }],
    [FREE, { 1: 1, 2: 120, 3: 16 }],
    [FREE, { 1: 300 }],
    [FREE, {}],
    [MALLOC, { 1: 0 }],
  );

  it.each([1, 2, 3, 7, 64, 10_000])('reads every kind of call, in pieces of %d bytes', (piece) => {
    const trace = read(protobuf, mixed, piece);
    expect(operations(trace)).toEqual([
      'malloc 0:100',
      'calloc 1:120',
      'memalign 2:64^12',
      `realloc 0:${2 ** 33}`,
      'malloc 3:70',
      'free 1',
      'free 2',
      'malloc 2:0',
    ]);
    expect(trace.notes).toEqual(notes({ nullFrees: 1 }));
  });

  it('takes a missing id for a null pointer', () => {
    const trace = read(
      protobuf,
      tracefile(
        [MALLOC, { 2: 10 }],
        [MALLOC, { 2: 2 ** 60 }],
        [CALLOC, { 2: 10, 3: 10 }],
        [REALLOC, { 3: 10 }],
        [REALLOC, {}],
        [MALLOC, { 1: 4, 2: 10 }],
        [REALLOC, { 2: 4, 3: 2 ** 60 }],
        [REALLOC, { 1: 4, 2: 4 }],
        [REALLOC, { 2: 4 }],
      ),
    );
    expect(operations(trace)).toEqual(['malloc 0:10', 'realloc 0:0', 'free 0']);
    expect(trace.notes).toEqual(notes({ failedAllocations: 5, nullFrees: 1 }));
  });

  it('tells ids apart up to 2^64 - 1', () => {
    const highest = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
    const below = [0xfe, ...highest.slice(1)];
    const trace = read(
      protobuf,
      tracefile(
        [MALLOC, { 1: highest, 2: 1 }],
        [MALLOC, { 1: below, 2: 2 }],
        [MALLOC, { 1: 2 ** 53 - 1, 2: 3 }],
        [MALLOC, { 1: 2 ** 32, 2: 4 }],
        [MALLOC, { 1: 2 ** 32 - 1, 2: 5 }],
        [REALLOC, { 1: highest, 2: highest, 3: 6 }],
        [FREE, { 1: below }],
        [FREE, { 1: 2 ** 53 - 1 }],
        [FREE, { 1: 2 ** 32 - 1 }],
      ),
    );
    expect(operations(trace).slice(5)).toEqual(['realloc 0:6', 'free 1', 'free 2', 'free 4']);
    expect(trace.notes).toEqual(notes({}));
  });

  it('passes over fields of other schemas', () => {
    const pbf = new PbfWriter();
    pbf.writeMessage(
      1,
      () => {
        pbf.writeTag(9, 0);
        pbf.writeVarint(1);
        pbf.writeTag(8, 2);
        pbf.writeString('a string');
        pbf.writeTag(7, 1);
        pbf.writeDouble(0.5);
        pbf.writeMessage(
          MALLOC,
          () => {
            pbf.writeTag(12, 5);
            pbf.writeFloat(0.5);
            pbf.writeTag(2, 0);
            pbf.writeVarint(33);
            pbf.writeTag(1, 0);
            pbf.writeVarint(1);
          },
          null,
        );
      },
      null,
    );
    expect(operations(read(protobuf, pbf.finish()))).toEqual(['malloc 0:33']);
  });

  it.each([
    [
      'another tag',
      [0x12, 0x00],
      "recording, byte 12: expected a TraceLine (byte 0x0a) or max_simultaneous_allocs (0x10), found '\\x12\\x00'",
    ],
    [
      'a message that is too long',
      [0x0a, 0xff, 0xff, 0x03],
      "recording, byte 12: expected a TraceLine of at most 4096 bytes, found '\\x0a\\xff\\xff\\x03'",
    ],
    [
      'a call longer than its line',
      [0x0a, 0x03, 0x0a, 0x09, 0x08],
      "recording, byte 12: expected a TraceLine of the length it gives, found '\\x0a\\x03\\x0a\\x09\\x08'",
    ],
    [
      'a value longer than its call',
      [0x0a, 0x04, 0x0a, 0x02, 0x08, 0x80, 0x01],
      "recording, byte 12: expected a call of the length it gives, found '\\x0a\\x04\\x0a\\x02\\x08\\x80\\x01'",
    ],
    [
      'an unknown wire type',
      [0x0a, 0x03, 0x0a, 0x01, 0x0b],
      "recording, byte 12: expected a field of a known wire type, found '\\x0a\\x03\\x0a\\x01\\x0b'",
    ],
    [
      'a varint without end',
      [0x0a, ...Array(12).fill(0xff)],
      'recording, byte 12: expected a varint of at most ten bytes',
    ],
    [
      'a size of 2^53',
      [...tracefile([MALLOC, { 1: 1, 2: 2 ** 53 }])],
      'recording, byte 12: expected a size below 2^53',
    ],
    [
      'a product of 2^53',
      [...tracefile([CALLOC, { 1: 1, 2: 2 ** 30, 3: 2 ** 30 }])],
      'recording, byte 12: expected a size below 2^53',
    ],
    [
      'an end in the middle',
      [0x0a, 0x05, 0x0a],
      'recording, byte 12: the file ends in the middle of a message; it was cut off (3 bytes left over)',
    ],
  ])('refuses %s', (_what, bytes, message) => {
    const good = tracefile([MALLOC, { 1: 1, 2: 2 }], [FREE, {}]);
    expect(good).toHaveLength(12);
    expect(() => read(protobuf, Uint8Array.from([...good, ...bytes]))).toThrow(message);
    expect(() => read(protobuf, Uint8Array.from([...good, ...bytes]), 5)).toThrow(
      message.split(', found')[0],
    );
  });

  it('reads what it writes', () => {
    const trace = read(protobuf, mixed);
    const written = Buffer.concat([...protobuf.writer!.write(trace, () => expect.fail('nothing is lost'))]);
    expect(contents(read(protobuf, written))).toEqual(contents(trace));
  });

  // Counted by a decoder of its own, in another language.
  const EXPECTED: Record<string, [counts: number[], slots: number, nullFrees: number]> = {
    'bdd-aa32': [[43_917, 0, 0, 0, 43_917], 23_333, 77],
    'cbit-parity': [[47_634, 0, 0, 12, 47_634], 11_677, 77],
    clang: [[214_932, 220, 4212, 2237, 219_364], 56_159, 105],
    'four-in-a-row': [[570_538, 50_449, 0, 32_018, 620_987], 60_974, 0],
    grep: [[64_598, 93, 0, 17, 64_691], 964, 0],
    'haskell-web-server': [[8980, 33, 0, 36, 9013], 1013, 0],
    mc_server_small: [[25_029, 3235, 0, 34, 28_264], 19_377, 2549],
    'onoro-cc': [[303_624, 3, 0, 0, 303_627], 260, 2],
    'py-catan-ai': [[90_781, 5364, 0, 13_091, 96_145], 25_049, 0],
    simple: [[3, 0, 0, 0, 3], 3, 0],
    ssh: [[11_046, 366, 0, 184, 11_412], 5162, 0],
    'syn-mix-realloc': [[259, 0, 0, 243, 259], 76, 0],
    'syn-mix': [[40_002, 0, 0, 0, 40_002], 10_015, 0],
    vlc: [[911_155, 92_553, 0, 43_156, 1_003_708], 131_401, 0],
  };
  for (const [name, [expected, slots, nullFrees]] of Object.entries(EXPECTED)) {
    const file = shared(`traces/${name}.trace.gz`);
    it.skipIf(file === null)(`reads ${name} as counted elsewhere`, async () => {
      const trace = await openTrace(file!);
      expect(trace.format).toBe('protobuf');
      expect(counts(trace)).toEqual(expected);
      expect(trace.slots).toBe(slots);
      expect(trace.notes).toEqual(notes({ nullFrees }));
    });
  }
});
