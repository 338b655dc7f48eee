/** Unwraps what a recording is compressed with, told from its content: gzip, zstd, either within the other. */
import { TraceFormatError } from './errors.js';
import { gunzip } from './gunzip.js';
import { PeekableChunks } from './peekable-chunks.js';
import { unzstd, ZSTD_WINDOW_BYTES } from './zstd.js';

type Chunks = AsyncIterable<Uint8Array>;
/** Unpacks gzip data, of one member or several. @throws TraceFormatError where it is damaged or cut off */
export type Gunzip = (chunks: Chunks, file: string) => Chunks;

const GZIP_MAGIC = [0x1f, 0x8b, 0x08];
const ZSTD_MAGIC = [0x28, 0xb5, 0x2f, 0xfd];

export interface DecompressOptions {
  /** The largest window of zstd data that is accepted, 128 MiB where not given: twice that memory may be taken. */
  readonly zstdWindow?: number | undefined;
  /** What unpacks gzip data: the one of `gunzip.ts`, which runs everywhere, where not given. */
  readonly gunzip?: Gunzip | undefined;
}

/** A gzip file may contain itself: somewhere this has to end. */
const DEPTH_MAX = 4;

/**
 * How many bytes one of the file may become. zstd makes 12,000 of one where the content is the same two lines over and
 * over, gzip 1,000; more is made by what is no recording (zeros, 32,768), or by one in another (32,768 squared).
 */
const EXPANSION_MAX = 20_000;
/** Small ones may expand as they like. */
const UNSUSPECTED_BYTES = 2 ** 26;

/**
 * @param file names the recording in errors
 * @returns the bytes within all the wrappings, which are still to be read to the end
 */
export async function decompress(
  chunks: Chunks,
  file: string,
  { zstdWindow = ZSTD_WINDOW_BYTES, gunzip: unpackGzip = gunzip }: DecompressOptions = {},
): Promise<PeekableChunks> {
  const packed = new Counter();
  let content = new PeekableChunks(packed.count(chunks));
  for (let depth = 0; ; depth++) {
    const head = await content.peek(ZSTD_MAGIC.length);
    const begins = (magic: readonly number[]) => magic.every((byte, i) => head[i] === byte);
    const unwrapped = begins(GZIP_MAGIC)
      ? unpackGzip(content, file)
      : begins(ZSTD_MAGIC)
        ? unzstd(content, file, zstdWindow)
        : null;
    if (unwrapped === null) return content;
    if (depth === DEPTH_MAX) {
      await content.return();
      throw new TraceFormatError(file, `compressed more than ${DEPTH_MAX} times over; unpack it first`);
    }
    content = new PeekableChunks(bounded(unwrapped, packed, file));
  }
}

/** How many bytes have gone through. */
class Counter {
  bytes = 0;

  async *count(chunks: Chunks): Chunks {
    for await (const chunk of chunks) {
      this.bytes += chunk.length;
      yield chunk;
    }
  }
}

/** Ends what a few bytes of the file expand to without end. */
async function* bounded(chunks: Chunks, packed: Counter, file: string): Chunks {
  const unpacked = new Counter();
  for await (const chunk of unpacked.count(chunks)) {
    if (unpacked.bytes > UNSUSPECTED_BYTES && unpacked.bytes > EXPANSION_MAX * packed.bytes) {
      throw new TraceFormatError(
        file,
        `its ${packed.bytes} bytes so far unpack to over ${EXPANSION_MAX} times as many; if it is a recording nevertheless, unpack it first`,
      );
    }
    yield chunk;
  }
}
