/** A folder for recordings that are made to be measured: it does not outlast the work, however that ends. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Makes the folder, and removes it when the work is done, has failed, or a signal ends the process. */
export async function inFolder(prefix: string, work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  const end = (signal: NodeJS.Signals) => {
    leave();
    process.kill(process.pid, signal);
  };
  const leave = () => {
    for (const signal of SIGNALS) process.off(signal, end);
    rmSync(folder, { recursive: true, force: true });
  };
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    await work(folder);
  } finally {
    leave();
  }
}
