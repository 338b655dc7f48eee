/** Loaded into a command before it runs: at its end, the most memory it ever had resident goes to the file descriptor 3. */
import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) {
  process.on('exit', () => writeSync(3, String(process.resourceUsage().maxRSS * 1024)));
}
