/** First, next, best and worst fit: one memory, the same requests, four answers. */
import { type Fit, NaiveAllocator } from 'freehold';
import { wrap } from '../text/table.js';
import { type Call, callsOf } from './calls.js';
import type { Example } from './example.js';
import { type Pen, type Stretch, size } from './pen.js';
import { type Moment, Recorder } from './recorder.js';

const k = 1024;
const POLICIES: readonly Fit[] = ['first', 'next', 'best', 'worst'];

/** What lies in memory at first, from address 0 on: bytes, and the name of what is used. The last stretch is free. */
const MEMORY: readonly (readonly [bytes: number, name: string | null])[] = [
  [4 * k, 'A'],
  [8 * k, null],
  [3 * k, 'B'],
  [3 * k, null],
  [4 * k, 'C'],
  [6 * k, null],
  [3 * k, 'D'],
  [11 * k, null],
  [4 * k, 'E'],
  [7 * k, null],
];

/** The requests that follow; A to E are in use. */
const FIRST = 'F';
const CALLS = callsOf('5k 4k 7k 10k', FIRST);
const CAPACITY = MEMORY.reduce((sum, [bytes]) => sum + bytes, 0);

/** One policy at work. */
class Contender {
  readonly policy: Fit;
  readonly recorder: Recorder;
  readonly allocator: NaiveAllocator;
  /** Address to name. */
  readonly #names = new Map<number, string>();

  constructor(policy: Fit) {
    this.policy = policy;
    this.recorder = new Recorder(0, CAPACITY);
    this.allocator = new NaiveAllocator({ capacity: CAPACITY, fit: policy, observer: this.recorder });
    const holes = [];
    for (const [bytes, name] of MEMORY.slice(0, -1)) {
      const address = this.allocator.allocate(bytes)!;
      if (name === null) holes.push(address);
      else this.#names.set(address, name);
    }
    for (const address of holes) this.allocator.free(address);
    this.recorder.moments();
  }

  request(bytes: number, name: string): Moment[] {
    const address = this.allocator.allocate(bytes);
    if (address !== null) this.#names.set(address, name);
    return this.recorder.moments();
  }

  /** @returns null where the request of that name was refused */
  free(name: string): Moment[] | null {
    const address = [...this.#names].find(([, each]) => each === name)?.[0];
    if (address === undefined) return null;
    this.allocator.free(address);
    this.#names.delete(address);
    return this.recorder.moments();
  }

  bar(pen: Pen, margin = '     '): string {
    const name = ({ start, end, used }: Stretch) => (used ? this.#names.get(start)! : size(end - start));
    return pen.bar(this.allocator.segments(), name, margin, 70);
  }
}

export const fits: Example = {
  name: 'fits',
  title: 'First, next, best and worst fit',
  calls: { shown: CALLS, memory: CAPACITY, first: FIRST },
  opening: () => [
    'Several free segments can serve a request: which of them should? First fit takes the first that is large enough, next fit the first from where its last search ended, best fit the smallest, worst fit the largest.',
  ],
  *steps(pen, calls) {
    const contenders = POLICIES.map((policy) => new Contender(policy));
    let number = 0;
    yield [
      pen.step(++number, 'The memory that all four start from: five segments in use, A to E, and five free.'),
      pen.legend(),
      contenders[0]!.bar(pen),
    ].join('\n');

    for (const call of calls) {
      const lines = [pen.step(++number, says(call))];
      const bars = [];
      for (const contender of contenders) {
        lines.push(
          call.what === 'request'
            ? answer(pen, contender.policy, contender.request(call.bytes, call.name))
            : released(contender.policy, contender.free(call.name)),
        );
        bars.push(contender.bar(pen, contender.policy.padStart(7).padEnd(9)));
      }
      yield [...lines, '', ...bars].join('\n');
    }

    yield [
      pen.step(++number, 'What is left free:'),
      ...contenders.map(({ policy, allocator }) => {
        const free = allocator.freeList().map(({ start, end }) => size(end - start));
        return `${policy.padStart(10)}  ${wrap(free.join(' '), 68).replaceAll('\n', `\n${' '.repeat(12)}`)}`;
      }),
    ].join('\n');

    return [
      'First and next fit stop at the first segment that fits. Best and worst fit look at all of them, here where the free list is in address order.',
      'Best fit leaves the smallest rests, too small for most requests. Worst fit cuts up the large segments, so that sizes become equal and a large request finds nothing.',
      'Which policy is best depends on the requests to come, which are not known. `freehold compare` replays those that a real program made.',
    ];
  },
};

function says(call: Call): string {
  if (call.what === 'free') return `${call.name} is released. What becomes of its segment:`;
  return `${call.name} requests ${size(call.bytes)}. Which free segments are looked at, and which is used:`;
}

/** What a release joined. */
function released(policy: Fit, moments: readonly Moment[] | null): string {
  if (moments === null) return `${policy.padStart(10)}  was refused: there is nothing to release`;
  const joined = moments.filter(({ event }) => event.what === 'coalesce').at(-1)?.event;
  const { start, end } = joined ?? moments[0]!.event;
  const what = joined === undefined ? 'free by itself' : 'free with its neighbours';
  return `${policy.padStart(10)}  ${size(end - start)} at ${size(start)}, ${what}`;
}

/** Columns for the segments looked at; what came of it stands on the next line where they are more. */
const LOOKS = 28;
const LOOKS_MAX = 56;

/** What a policy looked at, and what came of it. */
function answer(pen: Pen, policy: Fit, moments: readonly Moment[]): string {
  let looks = '';
  let columns = 0;
  let outcome = pen.bad('refused');
  let rest = 0;
  for (const { event } of moments) {
    if (event.what === 'inspect') {
      if (columns > LOOKS_MAX) continue;
      const bytes = size(event.end - event.start);
      looks += `${bytes}${event.fits ? pen.good('✓') : pen.bad('✗')} `;
      columns += bytes.length + 2;
      if (columns > LOOKS_MAX) looks += '… ';
    }
    if (event.what === 'split') rest = event.end - event.at;
    if (event.what === 'take') {
      outcome = `uses the ${size(event.end - event.start + rest)}, leaves ${rest === 0 ? 'nothing' : size(rest)}`;
    }
  }
  if (columns > LOOKS)
    return `${policy.padStart(10)}  ${looks.trimEnd()}\n${' '.repeat(12 + LOOKS)}${outcome}`;
  return `${policy.padStart(10)}  ${looks}${' '.repeat(LOOKS - columns)}${outcome}`;
}
