/**
 * Loaded into a command before it runs: at its end, the most memory it ever had resident and the processor time it took
 * go to the file descriptor 3.
 */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

export interface Used {
  readonly peakBytes: number;
  readonly processorSeconds: number;
}

if (isMainThread) {
  process.on('exit', () => {
    const { maxRSS, userCPUTime, systemCPUTime } = process.resourceUsage();
    const used: Used = { peakBytes: maxRSS * 1024, processorSeconds: (userCPUTime + systemCPUTime) / 1e6 };
    writeSync(3, JSON.stringify(used));
  });
}
