/** The process of a single case, on any runtime: `job.js URL-OF-CORE CASE`. Prints nanoseconds an operation. */
import { SPEED_CASES, sink } from './cases.js';

const [core, id] = process.argv.slice(2);
const found = SPEED_CASES.find((each) => each.id === id)!;
const work = found.prepare(await import(core!));
const times: number[] = [];
for (let i = -found.warmUp; i < found.batches; i++) {
  const begin = nanoseconds();
  work(found.batch);
  if (i >= 0) times.push((nanoseconds() - begin) / found.batch);
}
times.sort((a, b) => a - b);
if (sink.value < 0) throw new Error('nothing was done');
console.log(times[times.length >> 1]);

/** Of processor time. */
function nanoseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}
