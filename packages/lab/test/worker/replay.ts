/** A worker of a page: reads a recording and replays it, by nothing but the entry that runs everywhere. */
import { compare, type Measurement, readTrace } from '../../src/index.js';

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
    const measurements: Measurement[] = data.specs.map((spec) =>
      compare({ trace, spec, settings, verify: false }),
    );
    self.postMessage({ measurements });
  } catch (error) {
    self.postMessage({ error: String(error) });
  }
});
