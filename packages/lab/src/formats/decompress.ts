/** Unwraps what a recording is compressed with, told from its content: gzip, zstd, either within the other. */
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { TraceFormatError } from './errors.js';
import { PeekableChunks } from './peekable-chunks.js';
import { unzstd, ZSTD_WINDOW_BYTES } from './zstd.js';

type Chunks = AsyncIterable<Uint8Array>;

interface Wrapper {
  readonly magic: readonly number[];
  unwrap(chunks: PeekableChunks, file: string, zstdWindowBytes: number): Chunks;
}

const WRAPPERS: readonly Wrapper[] = [
  { magic: [0x1f, 0x8b, 0x08], unwrap: gunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], unwrap: unzstd },
];

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
 * @param zstdWindowBytes the largest window of zstd data that is accepted
 * @returns the bytes within all the wrappings, which are still to be read to the end
 */
export async function decompress(
  chunks: Chunks,
  file: string,
  zstdWindowBytes = ZSTD_WINDOW_BYTES,
): Promise<PeekableChunks> {
  const packed = new Counter();
  let content = new PeekableChunks(packed.count(chunks));
  for (let depth = 0; ; depth++) {
    const head = await content.peek(4);
    const wrapper = WRAPPERS.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
    if (wrapper === undefined) return content;
    if (depth === DEPTH_MAX) {
      await content.return();
      throw new TraceFormatError(file, `compressed more than ${DEPTH_MAX} times over; unpack it first`);
    }
    content = new PeekableChunks(bounded(wrapper.unwrap(content, file, zstdWindowBytes), packed, file));
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

async function* gunzip(chunks: Chunks, file: string): Chunks {
  const stream = createGunzip({ chunkSize: 2 ** 18 });
  // Whatever goes wrong destroys the stream, and so is thrown by the loop below.
  pipeline(chunks, stream, () => {});
  try {
    yield* stream;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'Z_BUF_ERROR')
      throw new TraceFormatError(
        file,
        `the gzip data ends early, at byte ${stream.bytesWritten} of it: the file was cut off`,
      );
    if (code.startsWith('Z_')) {
      throw new TraceFormatError(
        file,
        `the gzip data is damaged at or before byte ${stream.bytesWritten} of it (${(error as Error).message})`,
      );
    }
    throw error;
  }
}
