/** `freehold convert`: a recording in another format. */
import { pipeline, Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { Command } from 'commander';
import { UserError } from '../../errors.js';
import type { TraceFormat, TraceWriter } from '../../formats/format.js';
import { FORMATS } from '../../formats/index.js';
import { checkOutputs } from '../../node/output/check.js';
import { type Pieces, refuseToReplace, writeOutput } from '../../node/output/write.js';
import { formatMany, formatSize } from '../../text/format.js';
import { suggestion } from '../../text/nearest.js';
import { zstdWindowOption } from '../arguments.js';
import { openShowing } from '../open-showing.js';
import { tell } from '../terminal.js';

type Writable = TraceFormat & { readonly writer: TraceWriter };

const WRITABLE = FORMATS.filter((format): format is Writable => format.writer !== undefined);

const EXAMPLES = `
Examples:
  $ freehold convert valgrind.txt app.trace.gz
  $ freehold convert app.trace.gz app.rep
  $ freehold convert ltrace.txt - --format ostep

The name of OUT decides the format:
${WRITABLE.map(({ id, writer }) => `${writer.extension} (${id})`).join(', ')}; .gz behind it compresses.
`;

export function convertCommand(): Command {
  return new Command('convert')
    .description('write a recording in another format')
    .argument('<in>', 'a recording in any format')
    .argument('<out>', 'the file to write; - for the standard output')
    .option('--format <ID>', `format to write: ${WRITABLE.map(({ id }) => id).join(', ')}`)
    .option('--force', 'overwrite an existing file')
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
  const replace = options.force === true;
  checkOutputs({ OUT: output }, [input]);
  if (!replace) refuseToReplace(output);
  const trace = await openShowing(input, { zstdWindow: options.zstdWindow });
  const losses: string[] = [];
  const bytes = format.writer.write(trace, (loss) => losses.push(loss));
  const written = await writeOutput(output, output.endsWith('.gz') ? compressed(bytes) : bytes, { replace });
  if (output !== '-')
    tell(`${output}: ${formatMany(trace.length, 'operation')} as ${format.id}, ${formatSize(written)}`);
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
  if (id !== undefined) {
    const ids = WRITABLE.map((format) => format.id);
    throw new UserError(`cannot write format '${id}'${suggestion(id, ids)}`);
  }
  const known = WRITABLE.map((format) => `${format.id} (${format.writer.extension})`).join(', ');
  throw new UserError(
    `${output}: no format that can be written has this extension; known: ${known}, each with .gz to compress; or name a format with --format`,
  );
}

function compressed(bytes: Iterable<Uint8Array>): Pieces {
  // Errors come to whoever reads the compressed bytes.
  return pipeline(Readable.from(bytes), createGzip({ level: 9 }), () => {});
}
