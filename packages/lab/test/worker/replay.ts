/** A worker of a page: reads a recording and replays it, by nothing but the entry that runs everywhere. */
import { compareAll, readTrace, toRecords } from '../../src/index.js';

export interface Order {
  readonly url: string;
  readonly name: string;
  readonly specs: readonly string[];
}

self.addEventListener('message', async ({ data }: MessageEvent<Order>) => {
  try {
    const { body } = await fetch(data.url);
    const trace = await readTrace(body!, data.name);
    const settings = { align: 16, capacity: null };
    const measurements = toRecords([compareAll(trace, data.specs, settings)]);
    self.postMessage({ measurements });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
});
