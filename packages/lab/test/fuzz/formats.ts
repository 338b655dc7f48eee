/**
 * Mutants of recordings, each of which must come out as a trace that obeys every law or as an error that tells the user
 * what is wrong, in time and memory in proportion to its bytes. A mutant is told by the seed, the target and its number.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { UserError } from '../../src/errors.js';
import { decompress } from '../../src/formats/decompress.js';
import { Head } from '../../src/formats/format.js';
import { findFormat, recognise } from '../../src/formats/read-trace.js';
import { TraceBuilder } from '../../src/trace/builder.js';
import { checkTrace } from '../../src/trace/check.js';
import { profileOf } from '../../src/trace/profile.js';
import { Random } from '../../src/workload/random.js';
import { mutate, wrap, zstdOf } from './mutate.js';
import { PACKED, SAMPLES } from './samples.js';

/** Reading takes 5 to 60 ns a byte; what takes longer by the square takes far longer where the mutant is large. */
const NS_A_BYTE = 400;
const NS_ALWAYS = 50e6;
/** Of zstd. fzstd decodes a damaged block on past the 128 KiB that it may have: up to 128 KiB more for two bytes of it. */
const NS_A_PACKED_BYTE = 50_000;
/** An operation takes 10 bytes, its block up to 40 more in tables, and two bytes of protobuf may be one. */
const MEMORY_A_BYTE = 100;
const MEMORY_ALWAYS = 2 ** 24;
/** Times, of the processor, are measured again where they are over the limit: the first may be that of compiling. */
const TRIALS = 5;

export interface Tally {
  traces: number;
  refused: number;
  bytes: number;
}

/** Makes and reads mutants `from` to `from + count - 1`. @throws Error that tells which one did what, and the command for it */
export async function fuzzFormat(target: string, seed: number, from: number, count: number): Promise<Tally> {
  const tally: Tally = { traces: 0, refused: 0, bytes: 0 };
  for (let number = from; number < from + count; number++) {
    const mutant = makeMutant(target, seed, number);
    tally.bytes += mutant.length;
    const format = SAMPLES.has(target) ? target : null;
    try {
      const isTrace = await judge(mutant, format, new Random(number).logarithmic(1, 2 ** 18));
      tally[isTrace ? 'traces' : 'refused']++;
    } catch (error) {
      const again = `npm run fuzz:formats -- --format ${target} --seed ${seed} --from ${number} --mutants 1`;
      throw new Error(`${target}, mutant ${number} of ${mutant.length} bytes; to see it again: ${again}`, {
        cause: error,
      });
    }
  }
  return tally;
}

export function makeMutant(target: string, seed: number, number: number): Uint8Array {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  const texts = [...SAMPLES.values()].flat();
  const samples = SAMPLES.get(target);
  if (samples !== undefined) {
    const mutant = mutate(random.pick(samples), texts, random);
    return random.oneIn(8) ? wrap(mutant, random) : mutant;
  }
  const packed = PACKED.get(target)!;
  if (target === 'zstd' && random.oneIn(3)) return wrap(zstdOf(random.pick(texts), random), random);
  return mutate(random.pick(packed), packed, random);
}

/** @returns whether the mutant is a trace */
async function judge(mutant: Uint8Array, format: string | null, piece: number): Promise<boolean> {
  const memoryMax = MEMORY_ALWAYS + MEMORY_A_BYTE * mutant.length;
  let reading = await read(mutant, format, piece, memoryNow);
  // What is garbage does not count; to find that out takes long.
  if (reading.memory > memoryMax) reading = await read(mutant, format, piece, memoryLive);
  if (reading.memory > memoryMax) throw new Error(`${reading.memory} bytes of memory, over ${memoryMax}`);
  const packedBytes = reading.isPacked ? mutant.length : 0;
  const nsMax =
    NS_ALWAYS + NS_A_BYTE * (mutant.length + reading.unpackedBytes) + NS_A_PACKED_BYTE * packedBytes;
  let { ns } = reading;
  for (let trial = 1; trial < TRIALS && ns > nsMax; trial++) {
    ns = Math.min(ns, (await read(mutant, format, piece, () => 0)).ns);
  }
  if (ns > nsMax) throw new Error(`${Math.round(ns / 1e6)} ms, over ${Math.round(nsMax / 1e6)}`);
  return reading.isTrace;
}

interface Reading {
  readonly isTrace: boolean;
  readonly ns: number;
  /** The most that was in use beyond what was before, as `memory` tells it. */
  readonly memory: number;
  readonly unpackedBytes: number;
  readonly isPacked: boolean;
}

async function read(
  mutant: Uint8Array,
  id: string | null,
  piece: number,
  memory: () => number,
): Promise<Reading> {
  const before = memory();
  let most = 0;
  let unpackedBytes = 0;
  const look = () => {
    most = Math.max(most, memory() - before);
  };
  const started = process.cpuUsage();
  const isTrace = await endsWell(async () => {
    const content = await decompress(pieces(mutant, piece), 'mutant');
    const head = new Head(await content.peek(Head.BYTES));
    const told = await endsWell(() => recognise(head, 'mutant'));
    const format = id !== null ? findFormat(id) : told ? recognise(head, 'mutant') : null;
    if (format === null) return;
    const builder = new TraceBuilder();
    const reader = format.read(builder, 'mutant');
    for await (const chunk of content) {
      unpackedBytes += chunk.length;
      if (unpackedBytes % 8 === 0 || chunk.length > 4096) look();
      reader.push(chunk);
    }
    reader.end();
    look();
    const trace = builder.finish('mutant', format.id);
    checkTrace(trace);
    profileOf(trace);
  });
  const { user, system } = process.cpuUsage(started);
  return { isTrace, ns: 1e3 * (user + system), memory: most, unpackedBytes, isPacked: mayBeZstd(mutant) };
}

/** zstd, or gzip, in which there may be zstd. */
function mayBeZstd(bytes: Uint8Array): boolean {
  return (bytes[0] === 0x28 && bytes[1] === 0xb5) || (bytes[0] === 0x1f && bytes[1] === 0x8b);
}

/** Whether the work was done; an error that is meant for the user says that it was not, any other is thrown on. */
async function endsWell(work: () => unknown): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    if (error instanceof UserError) return false;
    throw error;
  }
}

async function* pieces(bytes: Uint8Array, piece: number): AsyncIterable<Uint8Array> {
  // A mutant is read in some 1,000 pieces at most: that many awaits are enough.
  const length = Math.max(piece, bytes.length >>> 10);
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

function memoryNow(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

let collect: (() => void) | null = null;

function memoryLive(): number {
  if (collect === null) {
    setFlagsFromString('--expose-gc');
    collect = runInNewContext('gc') as () => void;
  }
  collect();
  return memoryNow();
}
