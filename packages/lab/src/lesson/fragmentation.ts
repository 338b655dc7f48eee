/** External fragmentation: memory enough, and no segment of it large enough. */
import { NaiveAllocator } from 'freehold';
import type { Example } from './example.js';
import { count, list, size } from './pen.js';
import { Recorder } from './recorder.js';

const k = 1024;
const CAPACITY = 64 * k;
const SEGMENTS: readonly (readonly [name: string, bytes: number])[] = [
  ['A', 10 * k],
  ['B', 9 * k],
  ['C', 7 * k],
  ['D', 12 * k],
  ['E', 5 * k],
  ['F', 11 * k],
  ['G', 10 * k],
];
const RELEASED = ['B', 'D', 'F'];
const REQUEST = 20 * k;
/** The segment that is in the way. */
const OBSTACLE = 'C';

export const fragmentation: Example = {
  name: 'fragmentation',
  title: 'External fragmentation',
  opening: () => [
    'A segment lies in one piece. When free segments lie scattered between used ones, a request can fail although enough memory is free.',
  ],
  *steps(pen) {
    const recorder = new Recorder(0, CAPACITY);
    const allocator = new NaiveAllocator({ capacity: CAPACITY, observer: recorder });
    const addresses = new Map(SEGMENTS.map(([name, bytes]) => [name, allocator.allocate(bytes)!]));
    const bar = () =>
      pen.bar(allocator.segments(), ({ start, end, used }) => {
        const name = [...addresses].find(([, address]) => address === start)?.[0];
        return used && name !== undefined ? name : size(end - start);
      });
    const release = (name: string) => {
      allocator.free(addresses.get(name)!);
      addresses.delete(name);
    };
    const events = () => recorder.moments().map(({ event }) => event);

    yield [
      pen.step(1, `${count(SEGMENTS.length, 'segment')} fill ${size(CAPACITY)} of memory.`),
      pen.legend(),
      bar(),
    ].join('\n');

    for (const name of RELEASED) release(name);
    yield `${pen.step(2, `${list(RELEASED)} are released.`)}\n${bar()}`;

    events();
    const refused = allocator.allocate(REQUEST) === null;
    const looks = events().flatMap((event) =>
      event.what === 'inspect' ? [`${size(event.end - event.start)} ${event.fits ? '✓' : '✗'}`] : [],
    );
    const free = allocator.stats().freeBytes;
    const largest = allocator.largestFree();
    yield [
      pen.step(
        3,
        `${size(REQUEST)} is requested. The search looks at ${list(looks)}: ${refused ? 'refused' : 'served'}.`,
      ),
      figure('free in all', size(free), ''),
      figure('largest segment', size(largest), ''),
      figure('fragmentation', `${Math.round((1 - largest / free) * 100)} %`, '1 - largest / free in all'),
    ].join('\n');

    yield pen.step(
      4,
      `Could ${OBSTACLE} not be moved out of the way? The program has kept its address: in variables, in other structures, in registers. The allocator cannot find these copies, so the segment has to stay.`,
    );

    release(OBSTACLE);
    const joins = events().filter(({ what }) => what === 'coalesce').length;
    const address = allocator.allocate(REQUEST);
    if (address !== null) addresses.set('H', address);
    const outcome = address === null ? 'is refused again' : `finds room at ${size(address)}, as H`;
    yield `${pen.step(5, `Only when ${OBSTACLE} is released itself do the ${joins + 1} segments there become one, and the ${size(REQUEST)} ${outcome}.`)}\n${bar()}`;

    return [
      `At step 3 ${size(free)} was free, and ${size(REQUEST)} could not be had.`,
      'Only free neighbours can be joined: one small segment that lives long keeps two large ones apart.',
      'Memory can be moved where all references can be found and updated, as by a garbage collector, or where every access goes through a page table. Elsewhere it cannot.',
    ];
  },
};

function figure(what: string, value: string, formula: string): string {
  return `       ${what.padEnd(17)}${value.padStart(5)}   ${formula}`.trimEnd();
}
