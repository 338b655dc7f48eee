/** Unwraps what a recording is compressed with, told from its content: gzip, zstd, either within the other. */
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { Decompress } from 'fzstd';
import { TraceFormatError } from './errors.js';
import { PeekableChunks } from './peek.js';

type Chunks = AsyncIterable<Uint8Array>;

interface Wrapper {
  readonly magic: readonly number[];
  unwrap(chunks: Chunks, file: string): Chunks;
}

const WRAPPERS: readonly Wrapper[] = [
  { magic: [0x1f, 0x8b, 0x08], unwrap: gunzip },
  { magic: [0x28, 0xb5, 0x2f, 0xfd], unwrap: unzstd },
];

/** A gzip file may contain itself: somewhere this has to end. */
const DEPTH_MAX = 4;

/**
 * @param file names the recording in errors
 * @returns the bytes within all the wrappings, which are still to be read to the end
 */
export async function decompress(chunks: Chunks, file: string): Promise<PeekableChunks> {
  let content = new PeekableChunks(chunks);
  for (let depth = 0; ; depth++) {
    const head = await content.peek(4);
    const wrapper = WRAPPERS.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
    if (wrapper === undefined) return content;
    if (depth === DEPTH_MAX) {
      await content.return();
      throw new TraceFormatError(file, `compressed more than ${DEPTH_MAX} times over; unpack it first`);
    }
    content = new PeekableChunks(wrapper.unwrap(content, file));
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

async function* unzstd(chunks: Chunks, file: string): Chunks {
  const blocks: Uint8Array[] = [];
  const stream = new Decompress((block) => blocks.push(block));
  let taken = 0;
  const push = (chunk: Uint8Array, last: boolean) => {
    taken += chunk.length;
    try {
      stream.push(chunk, last);
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      throw new TraceFormatError(
        file,
        last && message === 'unexpected EOF'
          ? `the zstd data ends early, at byte ${taken} of it: the file was cut off`
          : `the zstd data is damaged before byte ${taken} of it (${message})`,
      );
    }
  };
  for await (const chunk of chunks) {
    push(chunk, false);
    yield* blocks;
    blocks.length = 0;
  }
  push(new Uint8Array(0), true);
  yield* blocks;
}
