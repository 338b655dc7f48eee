/** The built command in a runtime: what it finds, that it ends with several threads, and that Ctrl-C ends it. */
import { isDeepStrictEqual } from 'node:util';
import { run } from './processes.js';

const COMMAND = 'packages/lab/bin/freehold.js';
/** Three tasks, so that a thread ends while others run. */
const TASKS = ['samples/sed.mtrace.txt.gz', '--allocators', 'best-fit,tlsf,buddy', '--json'];
/** Seconds of work for each of several threads. */
const LONG = ['compare', 'samples/cc1.trace.gz', 'samples/python.trace.gz'];
const TIMES = /^nsPerOp/;

/** @typedef {'compare' | 'fit'} Command */

/**
 * Null where it prints what `expected` has, but for times; else what is wrong.
 * @param {readonly string[]} runtime
 * @param {Command} command
 * @param {unknown} expected
 * @param {NodeJS.ProcessEnv} env
 */
export async function faultOf(runtime, command, expected, env) {
  try {
    const found = await records(runtime, command, env);
    return isDeepStrictEqual(found, expected) ? null : `${command} prints other figures than here`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/**
 * What it prints, without times.
 * @param {readonly string[]} runtime
 * @param {Command} command
 * @param {NodeJS.ProcessEnv} [env]
 */
export async function records(runtime, command, env = {}) {
  const { status, signal, stdout, stderr, late } = await run([...runtime, COMMAND, command, ...TASKS], {
    seconds: 120,
    env,
  });
  if (late) throw new Error(`${command} did not end within 120 s`);
  if (status !== 0) throw new Error(`${command} ended with ${status ?? signal}\n${stderr}`);
  return JSON.parse(stdout, (key, value) => (TIMES.test(key) ? undefined : value));
}

/**
 * Null where Ctrl-C in a terminal ends a comparison while two threads replay; else what is wrong.
 * @param {readonly string[]} runtime
 * @param {NodeJS.ProcessEnv} env
 */
export async function faultOfInterrupt(runtime, env) {
  // util-linux's `script` is the terminal; its status is that of the command, 128 + 2 for SIGINT.
  const command = [
    'script',
    '--quiet',
    '--return',
    '--command',
    [...runtime, COMMAND, ...LONG].join(' '),
    '/dev/null',
  ];
  let pressed = 0;
  const { status, late, stdout } = await run(command, {
    seconds: 60,
    env,
    onOutput: (type) => {
      setTimeout(() => {
        pressed = performance.now();
        type('\x03');
      }, 1000);
    },
  });
  const seconds = (performance.now() - pressed) / 1000;
  if (late) return 'Ctrl-C did not end it within 60 s';
  if (status !== 130) return `Ctrl-C: it ended with ${status} instead of 130\n${stdout}`;
  return seconds < 10 ? null : `Ctrl-C ended it only after ${seconds.toFixed(1)} s`;
}
