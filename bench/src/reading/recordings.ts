/** Recordings of one made-up program as each recorder would have written it: mostly small blocks, of which 20,000 live. */
import { closeSync, openSync, writeSync } from 'node:fs';

const LIVE = 20_000;
const BASE = 0x55d1_40cc_9000;
const PIECE = 2 ** 20;
const MS = 1e-3;

/** A call of the program; `address` is where the block is or goes, `old` where a resized block was. */
interface Call {
  readonly name: 'malloc' | 'calloc' | 'realloc' | 'free';
  readonly address: number;
  readonly old: number;
  readonly size: number;
}

export interface Recording {
  readonly format: string;
  /** What comes before the calls. */
  readonly head: string;
  /** The lines of call number `i`. */
  line(call: Call, i: number): string;
}

const hex = (value: number) => value.toString(16);

export const RECORDINGS: readonly Recording[] = [
  {
    format: 'mtrace',
    head: '= Start\n',
    line({ name, address, old, size }) {
      const at = '@ ./program:(make_node+0x1f)[0x40120e]';
      if (name === 'free') return `${at} - 0x${hex(address)}\n`;
      if (name !== 'realloc') return `${at} + 0x${hex(address)} 0x${hex(size)}\n`;
      return `${at} < 0x${hex(old)}\n${at} > 0x${hex(address)} 0x${hex(size)}\n`;
    },
  },
  {
    format: 'valgrind',
    head: '==8498== Memcheck, a memory error detector\n',
    line({ name, address, old, size }) {
      const at = `0x${hex(address).toUpperCase()}`;
      if (name === 'free') return `--8498-- free(${at})\n`;
      if (name === 'malloc') return `--8498-- malloc(${size}) = ${at}\n`;
      if (name === 'calloc') return `--8498-- calloc(1,${size}) = ${at}\n`;
      return `--8498-- realloc(0x${hex(old).toUpperCase()},${size}) = ${at}\n`;
    },
  },
  {
    format: 'ltrace',
    head: '',
    line({ name, address, old, size }, i) {
      const time = `8506 1754${String(i).padStart(6, '0')}.500311 program`;
      if (name === 'free') return `${time}->free(0x${hex(address)}) = <void>\n`;
      if (name === 'malloc') return `${time}->malloc(${size}) = 0x${hex(address)}\n`;
      if (name === 'calloc') return `${time}->calloc(1, ${size}) = 0x${hex(address)}\n`;
      return `${time}->realloc(0x${hex(old)}, ${size}) = 0x${hex(address)}\n`;
    },
  },
  {
    format: 'heaptrack',
    head: 'v 10400 3\nx 9 ./program\nX ./program\nI 1000 5e298d\n',
    line({ name, address, old, size }, i) {
      const freed = name === 'free' ? address : old;
      const before = name === 'free' || name === 'realloc' ? `- ${hex(freed)}\n` : '';
      if (name === 'free') return before;
      return `${before}${i % 16 === 0 ? `t ${hex(BASE + i)} ${hex(i >> 4)}\n` : ''}+ ${hex(size)} ${hex(i >> 4)} ${hex(address)}\n`;
    },
  },
  {
    format: 'android',
    head: '',
    line({ name, address, old, size }, i) {
      const times = `${1_000_000 + 300 * i} ${1_000_100 + 300 * i}\n`;
      if (name === 'free') return `1641: free 0x${hex(address)} ${times}`;
      if (name === 'malloc') return `1641: malloc 0x${hex(address)} ${size} ${times}`;
      if (name === 'calloc') return `1641: calloc 0x${hex(address)} 1 ${size} ${times}`;
      return `1641: realloc 0x${hex(address)} 0x${hex(old)} ${size} ${times}`;
    },
  },
  {
    format: 'kmem',
    head: '',
    line({ name, address, old, size }, i) {
      const at = `  tar  9459 [001]   ${(876 + i * MS).toFixed(6)}:   kmem:`;
      const end = 'gfp_flags=GFP_KERNEL node=-1 accounted=false\n';
      const block = (where: number) => `ptr=0xffff8${hex(where).slice(1)}`;
      const freed = `${at}kfree: call_site=seq_release+0x1c ${block(name === 'free' ? address : old)}\n`;
      if (name === 'free') return freed;
      const given = `${at}kmalloc: call_site=seq_open+0x2a ${block(address)} bytes_req=${size} bytes_alloc=${size} ${end}`;
      return name === 'realloc' ? freed + given : given;
    },
  },
];

/** Writes `calls` calls. @returns its bytes */
export function writeRecording(path: string, { head, line }: Recording, calls: number): number {
  const file = openSync(path, 'w');
  let text = head;
  let bytes = 0;
  let i = 0;
  const flush = () => {
    bytes += writeSync(file, text);
    text = '';
  };
  for (const call of program(calls)) {
    text += line(call, i++);
    if (text.length > PIECE) flush();
  }
  flush();
  closeSync(file);
  return bytes;
}

/** The same calls each time: a linear congruential generator chooses. */
function* program(calls: number): Iterable<Call> {
  let state = 12345;
  const below = (limit: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return (state >>> 8) % limit;
  };
  const live: number[] = [];
  const free: number[] = [];
  let top = BASE;
  const place = () => {
    if (free.length === 0) top += 96;
    return free.pop() ?? top;
  };
  for (let i = 0; i < calls; i++) {
    const size = below(8) === 0 ? below(4096) : 16 + below(128);
    const victim = below(Math.max(1, live.length));
    if (live.length < LIVE || below(2) === 0) {
      const address = place();
      if (live.length < LIVE) live.push(address);
      else {
        // One block goes for each that comes, once enough are live.
        yield { name: 'free', address: live[victim]!, old: 0, size: 0 };
        free.push(live[victim]!);
        live[victim] = address;
      }
      yield { name: below(10) === 0 ? 'calloc' : 'malloc', address, old: 0, size };
    } else if (below(10) === 0) {
      const address = place();
      yield { name: 'realloc', address, old: live[victim]!, size };
      free.push(live[victim]!);
      live[victim] = address;
    }
  }
}
