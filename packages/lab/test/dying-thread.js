/** In place of the entry of a worker thread: does what the allocator named in its task says. */
import { parentPort, workerData } from 'node:worker_threads';

const { kind, task } = workerData;
const { spec, trace, memoryBytes = null } = task;
const [when, what] = spec.includes('@') ? spec.split('@') : [kind, spec];

if (when !== kind)
  parentPort.postMessage({ result: { spec, footprintBytes: 0, bookkeepingBytes: 0, peakLiveBytes: 0 } });
else if (what === 'exit') process.exit(3);
else if (what === 'throw') throw new TypeError('thrown outside');
else if (what === 'heap') {
  const hoard = [];
  for (;;) hoard.push(new Array(1000).fill(hoard.length));
} else if (what === 'user' || what === 'format') {
  const { packError } = await import('../dist/node/threads/thread-errors.js');
  const { UserError } = await import('../dist/errors.js');
  const { TraceFormatError } = await import('../dist/formats/errors.js');
  const error = what === 'user' ? new UserError('refused') : new TraceFormatError('f', 'bad', { line: 3 });
  parentPort.postMessage({ error: packError(error) });
} else setTimeout(() => parentPort.postMessage({ result: { spec, trace: trace.name, memoryBytes } }), 30);
