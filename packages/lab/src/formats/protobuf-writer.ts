/** Writes malloc-bench's protobuf: the one format that says all that a Trace says. The schema stands in protobuf.ts. */
import { PbfWriter } from 'pbf';
import { OP_ALIGNED, OP_FREE, OP_REALLOCATE, OP_ZEROED, type Trace } from '../trace/trace.js';
import type { TraceWriter } from './format.js';

const CHUNK_BYTES = 2 ** 16;
/** More than any TraceLine has: 4 bytes of tags and lengths, three fields of 1 + 8. */
const LINE_BYTES_MAX = 32;

const MALLOC = 0x0a;
const FREE = 0x12;
const REALLOC = 0x1a;
const CALLOC = 0x22;

export const protobufWriter: TraceWriter = {
  extension: '.trace',

  *write(trace: Trace): Iterable<Uint8Array> {
    let pbf = new PbfWriter(new Uint8Array(CHUNK_BYTES));
    for (let i = 0; i < trace.length; i++) {
      if (pbf.pos > CHUNK_BYTES - LINE_BYTES_MAX) {
        yield pbf.finish();
        pbf = new PbfWriter(new Uint8Array(CHUNK_BYTES));
      }
      writeLine(pbf, trace, i);
    }
    pbf.writeTag(2, 0);
    pbf.writeVarint(trace.slots);
    yield pbf.finish();
  },
};

function writeLine(pbf: PbfWriter, { op, slot, size, align }: Trace, i: number): void {
  const operation = op[i]!;
  const start = pbf.pos;
  pbf.pos += 4;
  field(pbf, 1, slot[i]!);
  let call = MALLOC;
  if (operation === OP_FREE) {
    call = FREE;
  } else if (operation === OP_REALLOCATE) {
    call = REALLOC;
    field(pbf, 2, slot[i]!);
    field(pbf, 3, size[i]!);
  } else if (operation === OP_ZEROED) {
    call = CALLOC;
    field(pbf, 2, 1);
    field(pbf, 3, size[i]!);
  } else {
    field(pbf, 2, size[i]!);
    if (operation === OP_ALIGNED) field(pbf, 3, 2 ** align[i]!);
  }
  // Both lengths fit into a byte.
  const { buf, pos } = pbf;
  buf[start] = 0x0a;
  buf[start + 1] = pos - start - 2;
  buf[start + 2] = call;
  buf[start + 3] = pos - start - 4;
}

function field(pbf: PbfWriter, tag: number, value: number): void {
  pbf.writeTag(tag, 0);
  pbf.writeVarint(value);
}
