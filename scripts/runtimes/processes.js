/** Processes that must end: with what they wrote, and killed where they do not. */
import { spawn } from 'node:child_process';

/**
 * @typedef {object} Ended
 * @property {number | null} status
 * @property {NodeJS.Signals | null} signal
 * @property {string} stdout
 * @property {string} stderr
 * @property {boolean} late whether it had to be killed
 */

/**
 * @param {readonly string[]} command
 * @param {object} options
 * @param {number} options.seconds it may take
 * @param {NodeJS.ProcessEnv} [options.env] besides what there is
 * @param {(type: (keys: string) => void) => void} [options.onOutput] called once, at its first output
 * @returns {Promise<Ended>}
 */
export function run([file = '', ...rest], { seconds, env = {}, onOutput }) {
  // A group of its own: a test runner that hangs has workers.
  const child = spawn(file, rest, {
    stdio: [onOutput === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    detached: true,
    env: { ...process.env, ...env },
  });
  let [stdout, stderr, late, heard] = ['', '', false, false];
  const timer = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, seconds * 1000);
  const hear = () => {
    if (!heard) onOutput?.((keys) => child.stdin?.write(keys));
    heard = true;
  };
  child.stdout?.on('data', (data) => {
    stdout += data;
    hear();
  });
  child.stderr?.on('data', (data) => {
    stderr += data;
    hear();
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      resolve({ status, signal, stdout, stderr, late });
    });
  });
}
