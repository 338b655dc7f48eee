/** First, next, best and worst fit: one memory, the same requests, four answers. */
import { type Fit, NaiveAllocator } from 'freehold';
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

/** The requests that follow. */
const REQUESTS: readonly (readonly [bytes: number, name: string])[] = [
  [5 * k, 'F'],
  [4 * k, 'G'],
  [7 * k, 'H'],
  [10 * k, 'I'],
];

/** One policy at work. */
class Contender {
  readonly policy: Fit;
  readonly recorder: Recorder;
  readonly allocator: NaiveAllocator;
  /** Address to name. */
  readonly #names = new Map<number, string>();

  constructor(policy: Fit) {
    const capacity = MEMORY.reduce((sum, [bytes]) => sum + bytes, 0);
    this.policy = policy;
    this.recorder = new Recorder(0, capacity);
    this.allocator = new NaiveAllocator({ capacity, fit: policy, observer: this.recorder });
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

  bar(pen: Pen, margin = '     '): string {
    const name = ({ start, end, used }: Stretch) => (used ? this.#names.get(start)! : size(end - start));
    return pen.bar(this.allocator.segments(), name, margin, 70);
  }
}

export const fits: Example = {
  name: 'fits',
  title: 'First, next, best and worst fit',
  opening: [
    'Several free segments can serve a request: which of them should? First fit takes the first that is large enough, next fit the first from where its last search ended, best fit the smallest, worst fit the largest.',
  ],
  *steps(pen) {
    const contenders = POLICIES.map((policy) => new Contender(policy));
    let number = 0;
    yield [
      pen.step(++number, 'The memory that all four start from: five segments in use, A to E, and five free.'),
      pen.legend(),
      contenders[0]!.bar(pen),
    ].join('\n');

    for (const [bytes, name] of REQUESTS) {
      const lines = [
        pen.step(
          ++number,
          `${name} requests ${size(bytes)}. Which free segments are looked at, and which is used:`,
        ),
      ];
      const bars = [];
      for (const contender of contenders) {
        const moments = contender.request(bytes, name);
        lines.push(answer(pen, contender.policy, moments));
        bars.push(contender.bar(pen, contender.policy.padStart(7).padEnd(9)));
      }
      yield [...lines, '', ...bars].join('\n');
    }

    yield [
      pen.step(++number, 'What is left free:'),
      ...contenders.map(({ policy, allocator }) => {
        const free = allocator.freeList().map(({ start, end }) => size(end - start));
        return `${policy.padStart(10)}  ${free.join(' ')}`;
      }),
    ].join('\n');

    return [
      'First and next fit stop at the first segment that fits. Best and worst fit look at all of them, here where the free list is in address order.',
      'Best fit leaves the smallest rests, too small for most requests. Worst fit cuts up the large segments, so that sizes become equal and a large request finds nothing.',
      'Which policy is best depends on the requests to come, which are not known. `freehold compare` replays those that a real program made.',
    ];
  },
};

/** What a policy looked at, and what came of it. */
function answer(pen: Pen, policy: Fit, moments: readonly Moment[]): string {
  let looks = '';
  let columns = 0;
  let outcome = pen.bad('refused');
  let rest = 0;
  for (const { event } of moments) {
    if (event.what === 'inspect') {
      const bytes = size(event.end - event.start);
      looks += `${bytes}${event.fits ? pen.good('✓') : pen.bad('✗')} `;
      columns += bytes.length + 2;
    }
    if (event.what === 'split') rest = event.end - event.at;
    if (event.what === 'take') {
      outcome = `uses the ${size(event.end - event.start + rest)}, leaves ${rest === 0 ? 'nothing' : size(rest)}`;
    }
  }
  return `${policy.padStart(10)}  ${looks}${' '.repeat(Math.max(0, 28 - columns))}${outcome}`;
}
