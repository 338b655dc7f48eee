/** The kernel's own memory: frames, kmalloc, vmalloc, object caches. */
import {
  FRAME_BYTES,
  GFP_KERNEL,
  GFP_NAMES,
  type ObjectCache,
  OWNER_FREE,
  OWNER_KERNEL,
  OWNER_NAMES,
  PAGE_OFFSET,
  parseGfp,
} from '@freehold/kernel';
import { UserError } from '../../errors.js';
import { formatCount, formatMany } from '../../text/format.js';
import { nearest } from '../../text/nearest.js';
import type { Arguments } from '../arguments.js';
import { Refused } from '../refused.js';
import type { CommandGroup, Outcome, Session } from '../session.js';
import { hex } from '../words-for-people.js';

const FLAGS = [...GFP_NAMES.keys()];
const CACHE_ACTIONS = ['create', 'alloc', 'free', 'shrink', 'destroy'] as const;

export const KERNEL: CommandGroup = {
  title: 'The kernel’s own memory',
  commands: [
    {
      name: 'alloc_pages',
      usage: 'ORDER [GFP]',
      summary: '2^ORDER contiguous frames',
      words: FLAGS,
      run(session, args) {
        const { order, gfp } = requestOf(args);
        const frame = session.kernel.pages.allocPages(gfp, order);
        if (frame === null) throw new Refused(`alloc_pages: ${noFrames(order)}`);
        const last = frame + 2 ** order - 1;
        const which = order === 0 ? `frame ${frame}` : `frames ${frame} to ${last}`;
        const zone = session.kernel.pages.zones[session.kernel.pages.descriptors.zone[frame]!]!.name;
        return { text: `${which}, physical address ${hex(frame * FRAME_BYTES)}, zone ${zone}`, value: frame };
      },
    },
    {
      name: '__get_free_pages',
      usage: 'ORDER [GFP]',
      summary: 'the same, returns an address',
      words: FLAGS,
      run(session, args) {
        const { order, gfp } = requestOf(args);
        const address = session.kernel.pages.getFreePages(gfp, order);
        if (address === null) throw new Refused(`__get_free_pages: ${noFrames(order)}`);
        const frame = (address - PAGE_OFFSET) / FRAME_BYTES;
        return {
          text: `${formatMany(2 ** order, 'frame')} at ${hex(address)}: frame ${frame} and on`,
          value: address,
        };
      },
    },
    {
      name: 'free_pages',
      usage: 'FRAME|ADDRESS ORDER',
      summary: 'give such a block back',
      run(session, args) {
        const which = args.number('FRAME');
        const order = args.number('ORDER');
        args.end();
        const frame = which >= PAGE_OFFSET ? (which - PAGE_OFFSET) / FRAME_BYTES : which;
        refuseFrameInUse(session, frame);
        session.kernel.pages.freePages(frame, order);
        return `${formatMany(2 ** order, 'frame')} given back`;
      },
    },
    {
      name: 'kmalloc',
      usage: 'SIZE [GFP]',
      summary: 'bytes, contiguous in physical memory',
      words: FLAGS,
      run(session, args) {
        const size = args.number('SIZE');
        const gfp = flagsOf(args);
        args.end();
        const { slab } = session.kernel;
        const address = slab.kmalloc(size, gfp);
        if (address === null) throw new Refused(`kmalloc: no ${formatCount(size)} bytes in one piece`);
        return { text: `${formatCount(slab.ksize(address))} bytes at ${hex(address)}`, value: address };
      },
    },
    {
      name: 'kfree',
      usage: 'ADDRESS',
      summary: 'give a kmalloc’ed block back',
      run(session, args) {
        const address = args.number('ADDRESS');
        args.end();
        const cache = session.kernel.slab.cacheOf(address);
        if (cache !== undefined && !cache.name.includes('kmalloc-')) refuseKernelCache(session, cache);
        session.kernel.slab.kfree(address === 0 ? null : address);
        return `${hex(address)} is free`;
      },
    },
    {
      name: 'vmalloc',
      usage: 'SIZE [GFP]',
      summary: 'bytes, contiguous in virtual memory only',
      words: FLAGS,
      run(session, args) {
        const size = args.number('SIZE');
        const gfp = flagsOf(args);
        args.end();
        const address = session.kernel.vm.kernel.vmalloc(size, { gfp, caller: 'shell' });
        if (address === null) throw new Refused(`vmalloc: no memory for ${formatCount(size)} bytes`);
        return {
          text: `${formatMany(Math.ceil(size / FRAME_BYTES), 'page')} at ${hex(address)}`,
          value: address,
        };
      },
    },
    {
      name: 'vfree',
      usage: 'ADDRESS',
      summary: 'give a vmalloc’ed area back',
      run(session, args) {
        const address = args.number('ADDRESS');
        args.end();
        session.kernel.vm.kernel.vfree(address === 0 ? null : address);
        return `${hex(address)} is free`;
      },
    },
    {
      name: 'cache',
      usage: 'create NAME SIZE | alloc NAME | free NAME ADDRESS | shrink NAME | destroy NAME',
      summary: 'object caches: the slab allocator',
      words: CACHE_ACTIONS,
      run(session, args) {
        return RUN[args.action(CACHE_ACTIONS)](session, args);
      },
    },
    {
      name: 'drop_caches',
      usage: '',
      summary: 'give clean pages of files and free slabs back',
      run(session, args) {
        args.end();
        return `${formatMany(session.kernel.dropCaches(), 'frame')} given back`;
      },
    },
    {
      name: 'fail',
      usage: 'N',
      summary: 'refuse the N-th request for frames from now (0: none)',
      run(session, args) {
        const n = args.number('N');
        args.end();
        session.kernel.pages.failNth(n);
        return n === 0
          ? 'no request will be refused on purpose'
          : `request ${n} for frames from now will be refused`;
      },
    },
  ],
};

const RUN: Readonly<
  Record<(typeof CACHE_ACTIONS)[number], (session: Session, args: Arguments) => Outcome | string>
> = {
  create(session, args) {
    const name = args.text('NAME');
    const size = args.number('SIZE');
    args.end();
    // Who reads /proc/slabinfo parts its columns by spaces.
    if (!/^\S+$/.test(name)) throw args.wrong(`NAME: '${name}' is not one word`);
    if (session.kernel.slab.cache(name) !== undefined)
      throw new UserError(`there is a cache ${name} already`);
    const { geometry } = session.kernel.slab.createCache(name, size);
    const { objectsPerSlab, order, stride } = geometry;
    return `cache ${name}: ${formatMany(objectsPerSlab, 'object')} of ${stride} bytes in a slab of ${formatMany(2 ** order, 'frame')}`;
  },
  alloc(session, args) {
    const cache = cacheOf(session, args);
    args.end();
    refuseKernelCache(session, cache);
    const address = cache.alloc();
    if (address === null) throw new Refused(`cache ${cache.name}: no memory for a slab`);
    return { text: `an object at ${hex(address)}; ${fill(cache)}`, value: address };
  },
  free(session, args) {
    const cache = cacheOf(session, args);
    const address = args.number('ADDRESS');
    args.end();
    refuseKernelCache(session, cache);
    cache.free(address);
    return `${hex(address)} is free; ${fill(cache)}`;
  },
  shrink(session, args) {
    const cache = cacheOf(session, args);
    args.end();
    return `${formatMany(cache.shrink(), 'frame')} given back; ${fill(cache)}`;
  },
  destroy(session, args) {
    const cache = cacheOf(session, args);
    args.end();
    refuseKernelCache(session, cache);
    const { activeObjects } = cache.stats();
    if (activeObjects > 0)
      throw new Refused(`cache ${cache.name} has ${formatMany(activeObjects, 'object')} in use`);
    session.kernel.slab.destroyCache(cache);
    return `cache ${cache.name} is gone`;
  },
};

function fill(cache: ObjectCache): string {
  const { activeObjects, objects, slabs } = cache.stats();
  return `${cache.name} has ${activeObjects} of ${objects} objects in use, in ${formatMany(slabs, 'slab')}`;
}

function cacheOf(session: Session, args: Arguments): ObjectCache {
  const name = args.text('NAME');
  const cache = session.kernel.slab.cache(name);
  if (cache === undefined) {
    const known = session.kernel.slab.caches().map((each) => each.name);
    const near = nearest(name, known);
    const hint = near === null ? ';' : `; did you mean ${near}?`;
    throw new UserError(`unknown cache '${name}'${hint} 'cat /proc/slabinfo' lists all caches`);
  }
  return cache;
}

/** Objects that the kernel itself made are in use, whoever knows their addresses. @throws Refused */
function refuseKernelCache(session: Session, cache: ObjectCache): void {
  if (session.kernelCaches.has(cache))
    throw new Refused(`${cache.name} is a cache of the kernel’s own; 'cache create' makes a new one`);
}

/** What alloc_pages did not give is still in use by whoever holds it. @throws Refused */
function refuseFrameInUse({ kernel }: Session, frame: number): void {
  if (frame === kernel.vm.zeroFrame)
    throw new Refused(`frame ${frame} is the zero page, mapped wherever memory was only read`);
  const owner = kernel.pages.descriptors.owner[frame] ?? OWNER_FREE;
  if (owner !== OWNER_FREE && owner !== OWNER_KERNEL)
    throw new Refused(`frame ${frame} was not given by alloc_pages: its owner is '${OWNER_NAMES[owner]}'`);
}

function requestOf(args: Arguments): { order: number; gfp: number } {
  const order = args.number('ORDER');
  const gfp = flagsOf(args);
  args.end();
  return { order, gfp };
}

function noFrames(order: number): string {
  return order === 0 ? 'no frame is free' : `no ${formatMany(2 ** order, 'frame')} in one piece are free`;
}

/** `GFP_KERNEL|__GFP_ZERO`; GFP_KERNEL when no word is left. */
function flagsOf(args: Arguments): number {
  return args.left === 0 ? GFP_KERNEL : parseGfp(args.text('GFP'));
}
