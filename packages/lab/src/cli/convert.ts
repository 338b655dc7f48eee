/** `freehold convert`: a recording in another format. */
import { randomBytes } from 'node:crypto';
import { createWriteStream, existsSync } from 'node:fs';
import { realpath, rename, rm, stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { Command } from 'commander';
import { UserError } from '../errors.js';
import type { TraceFormat, TraceWriter } from '../formats/format.js';
import { FORMATS } from '../formats/index.js';
import { zstdWindowOption } from './arguments.js';
import { openShowing } from './info.js';
import { formatMany, formatSize } from './terminal.js';

type Writable = TraceFormat & { readonly writer: TraceWriter };

const WRITABLE = FORMATS.filter((format): format is Writable => format.writer !== undefined);

const EXAMPLES = `
Examples:
  $ freehold convert valgrind.txt app.trace.gz
  $ freehold convert app.trace.gz app.rep
  $ freehold convert ltrace.txt - --format ostep

The format is told by OUT's name: ${WRITABLE.map(({ id, writer }) => `${writer.extension} (${id})`).join(', ')};
.gz behind it compresses.
`;

export function convertCommand(): Command {
  return new Command('convert')
    .description('write a recording in another format')
    .argument('<in>', 'a recording in any format')
    .argument('<out>', 'the file to write; - for the standard output')
    .option('--format <ID>', `of the file written: ${WRITABLE.map(({ id }) => id).join(', ')}`)
    .option('--force', 'write over a file that is there')
    .addOption(zstdWindowOption())
    .addHelpText('after', EXAMPLES)
    .action(convert);
}

async function convert(
  input: string,
  output: string,
  options: { readonly format?: string; readonly force?: true; readonly zstdWindow: number },
): Promise<void> {
  const format = writableFormat(output, options.format);
  const toStdout = output === '-';
  if (!toStdout && !options.force && existsSync(output)) {
    throw new UserError(`${output} is there already; --force writes over it`);
  }
  const trace = await openShowing(input, { zstdWindow: options.zstdWindow });
  const losses: string[] = [];
  const bytes = Readable.from(format.writer.write(trace, (loss) => losses.push(loss)));
  if (toStdout) {
    for await (const piece of bytes) process.stdout.write(piece);
  } else {
    await writeWhole(output, bytes);
    const written = (await stat(output)).size;
    tell(`${output}: ${formatMany(trace.length, 'operation')} as ${format.id}, ${formatSize(written)}`);
  }
  // No format that can be written has a place for it.
  if (trace.details !== undefined)
    losses.push('the kinds of blocks and what was granted for them are left out');
  for (const loss of losses) tell(`${output}: ${loss}`);
}

/** @throws UserError naming the formats that can be written */
function writableFormat(output: string, id: string | undefined): Writable {
  const name = output.replace(/\.gz$/, '');
  const found = WRITABLE.find((format) =>
    id === undefined ? name.endsWith(format.writer.extension) : format.id === id,
  );
  if (found !== undefined) return found;
  const known = WRITABLE.map((format) => `${format.id} (${format.writer.extension})`).join(', ');
  throw new UserError(
    id === undefined
      ? `${output}: the name tells no format that can be written; there are ${known}, .gz behind it where it is to be compressed, or name one with --format`
      : `cannot write format '${id}'; there are ${known}`,
  );
}

/** The file is there whole or not at all; what is no regular file (a pipe, a device) is written to as it is. */
async function writeWhole(path: string, bytes: Readable): Promise<void> {
  const there = existsSync(path);
  const target = there ? await realpath(path) : path;
  const direct = there && !(await stat(target)).isFile();
  const file = direct ? target : `${target}.${randomBytes(4).toString('hex')}.tmp`;
  const packed = path.endsWith('.gz') ? [createGzip({ level: 9 })] : [];
  try {
    await pipeline([bytes, ...packed, createWriteStream(file, { flags: direct ? 'w' : 'wx' })]);
    if (!direct) await rename(file, target);
  } catch (error) {
    if (!direct) await rm(file, { force: true });
    // The user never named the temporary file.
    if (error instanceof Error && 'path' in error) error.path = path;
    throw error;
  }
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
