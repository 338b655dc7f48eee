/**
 * Unpacks gzip data with what runs everywhere, members one after another included (RFC 1952, section 2.2), which the
 * DecompressionStream of browsers refuses. pako reads on from one member to the next within what it is given, but stops
 * without an error where a member ends together with it: so each member that begins a chunk gets an Inflate of its own.
 */
import { Inflate } from 'pako';
import { TraceFormatError } from './errors.js';

/** A byte may become a thousand: that much is unpacked at a time, so that at most some megabytes wait. */
const SLICE_BYTES = 2 ** 12;

/** @throws TraceFormatError where the data is damaged, or ends within a member */
export async function* gunzip(chunks: AsyncIterable<Uint8Array>, file: string): AsyncIterable<Uint8Array> {
  let bytesRead = 0;
  let unpacked: Uint8Array[] = [];
  let member: Inflate | null = null;
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += SLICE_BYTES) {
      const slice = chunk.subarray(start, start + SLICE_BYTES);
      if (member === null || member.ended) {
        // Behind the last member there may be zeros, as on tapes.
        if (member !== null && slice.every((byte) => byte === 0)) continue;
        member = new Inflate();
        member.onData = (data) => unpacked.push(data as Uint8Array);
      }
      member.push(slice);
      bytesRead += slice.length;
      if (member.err !== 0) throw damaged(file, bytesRead, member.msg);
      yield* unpacked;
      unpacked = [];
    }
  }
  if (member === null || !member.ended) throw cutOff(file, bytesRead);
}

export function cutOff(file: string, bytesRead: number): TraceFormatError {
  return new TraceFormatError(
    file,
    `the gzip data ends early, at byte ${bytesRead} of it: the file was cut off`,
  );
}

export function damaged(file: string, bytesRead: number, why: string): TraceFormatError {
  return new TraceFormatError(file, `the gzip data is damaged at or before byte ${bytesRead} of it (${why})`);
}
