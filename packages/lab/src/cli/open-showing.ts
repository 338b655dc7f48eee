/** A single recording opened, its progress shown. (Several that are replayed have one bar together: replays.ts.) */
import { type OpenOptions, openTrace } from '../node/open-trace.js';
import { Progress } from './terminal.js';

/** Opens the trace under a progress bar in per cent of the file. */
export async function openShowing(path: string, options: OpenOptions): ReturnType<typeof openTrace> {
  using progress = new Progress(100);
  progress.doing(path);
  let shown = 0;
  return await openTrace(path, {
    ...options,
    onProgress(bytesRead, totalBytes) {
      const percent = totalBytes === 0 ? 0 : Math.floor((100 * bytesRead) / totalBytes);
      progress.advance(percent - shown);
      shown = percent;
    },
  });
}
