/** A text file as one string, where it is of a size that can be: read in chunks, so that an endless one is refused. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { UserError } from '../errors.js';
import { formatSize } from '../text/format.js';

const CHUNK = 2 ** 18;

/**
 * All of a file, or of standard input, as UTF-8.
 * @param most bytes
 * @throws UserError where there are more; what the system says where it cannot be read, with the path
 */
export async function readText(source: string | NodeJS.ReadStream, most: number): Promise<string> {
  const name = typeof source === 'string' ? source : 'standard input';
  const tooLarge = () => new UserError(`${name} has more than ${formatSize(most)}, the most that is read`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // Files of /proc, devices and pipes tell no size, or another than they have.
    if (typeof source === 'string' && (await stat(source)).size > most) throw tooLarge();
    const stream = typeof source === 'string' ? createReadStream(source, { highWaterMark: CHUNK }) : source;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      bytes += chunk.length;
      if (bytes > most) throw tooLarge();
      chunks.push(chunk);
    }
  } catch (error) {
    // What fails at the first read, as it does in a folder, tells no name.
    if (error instanceof Error && 'syscall' in error) throw Object.assign(error, { path: name });
    throw error;
  }
  return Buffer.concat(chunks).toString('utf8');
}
