import { describe, expect, it } from 'vitest';
import { boot, code, endAll, PAGE } from '../../test/system.js';
import { mapsOf, printMaps } from '../proc/maps.js';
import { PROT_READ, TASK_SIZE } from '../vm/space/area.js';
import { IPC_PRIVATE } from './shared-segments.js';

describe('shared segments', () => {
  it('show the same bytes in all who attach them, at any address', () => {
    const { kernel, init, child } = boot();
    const segment = kernel.segments.get(0x1234, 3 * PAGE);
    const a = init.attach(segment);
    const b = child.attach(segment, { address: 0x7000_0000 });
    expect(b).toBe(0x7000_0000);
    init.space.store32(a + PAGE, 11);
    child.space.store32(b + PAGE + 4, 22);
    expect(child.space.loadU32(b + PAGE)).toBe(11);
    expect(init.space.loadU32(a + PAGE + 4)).toBe(22);
    const third = kernel.processes.fork(child);
    third.space.store32(b, 33);
    expect(init.space.loadU32(a)).toBe(33);
    expect(segment.attached).toBe(3);
    const reader = init.attach(segment, { readOnly: true });
    expect(init.space.loadU32(reader)).toBe(33);
    expect(code(() => init.space.store32(reader, 1))).toBe('SEGV_ACCERR');
    expect(kernel.vm.cache.segmentPages, 'pages touched by anyone').toBe(2);
    endAll(kernel);
  });

  it('are found by key, and refused as shmget refuses', () => {
    const { kernel } = boot();
    const { segments } = kernel;
    const segment = segments.get(7, 5000);
    expect(segments.get(7, 5000)).toBe(segment);
    expect(segments.get(7, 0)).toBe(segment);
    expect(segments.get(IPC_PRIVATE, 1)).not.toBe(segments.get(IPC_PRIVATE, 1));
    expect(code(() => segments.get(7, 5001))).toBe('EINVAL');
    expect(code(() => segments.get(7, 5000, { exclusive: true }))).toBe('EEXIST');
    expect(code(() => segments.get(8, 5000, { create: false }))).toBe('ENOENT');
    expect(code(() => segments.get(9, 0))).toBe('EINVAL');
    for (const key of [0.5, 2 ** 32, -(2 ** 31) - 1]) expect(code(() => segments.get(key, 1))).toBe('EINVAL');
    expect(segments.get(0xffff_ffff, 1)).toBe(segments.get(-1, 1));
    expect(code(() => segments.byId(99))).toBe('EINVAL');
    expect(segments.list().map(({ id }) => id)).toEqual([0, 1, 2, 3]);
    endAll(kernel);
  });

  it('go when the last one detaches, or exits', () => {
    const { kernel, init, child } = boot();
    const segment = kernel.segments.get(5, PAGE);
    const a = init.attach(segment);
    const b = child.attach(segment);
    init.space.store8(a, 1);
    kernel.segments.remove(segment.id);
    kernel.segments.remove(segment.id);
    expect(segment.attached, 'marked twice is marked once').toBe(2);
    expect(kernel.segments.get(5, PAGE), 'the key is free again').not.toBe(segment);
    init.detach(a);
    expect(child.space.loadU8(b)).toBe(1);
    expect(kernel.segments.byId(segment.id).attached).toBe(1);
    kernel.processes.exit(child);
    expect(code(() => kernel.segments.byId(segment.id))).toBe('EINVAL');
    expect(kernel.vm.cache.segmentPages).toBe(0);
    expect(code(() => init.detach(a))).toBe('EINVAL');
    endAll(kernel);
  });

  it('are shown in maps as Linux shows them: the key, and the id for a file number', () => {
    const { kernel, init } = boot();
    kernel.segments.get(IPC_PRIVATE, 1);
    init.mmap({ length: PAGE, shared: true });
    const start = init.attach(kernel.segments.get(0x1234, 8192)).toString(16);
    const end = (Number.parseInt(start, 16) + 8192).toString(16);
    expect(printMaps(mapsOf(init.space)).split('\n')).toContain(
      `${start}-${end} rw-s 00000000 00:01 1                          /SYSV00001234 (deleted)`,
    );
    expect(code(() => init.attach(kernel.segments.byId(0), { address: TASK_SIZE }))).toBe('ENOMEM');
    expect(code(() => init.attach(kernel.segments.byId(0), { address: 0x10000001 }))).toBe('EINVAL');
    endAll(kernel);
  });

  it('detach by the address of the whole, also when its first page is unmapped', () => {
    const { kernel, init } = boot();
    const segment = kernel.segments.get(5, 4 * PAGE);
    const address = init.attach(segment);
    init.munmap(address, PAGE);
    expect(
      code(() => init.detach(address + PAGE)),
      'where a piece begins',
    ).toBe('EINVAL');
    init.detach(address);
    expect(segment.attached).toBe(0);
    expect(code(() => init.detach(address))).toBe('EINVAL');
    endAll(kernel);
  });

  it('detach whole, also when their area was cut in pieces', () => {
    const { kernel, init } = boot();
    const segment = kernel.segments.get(5, 5 * PAGE);
    const address = init.attach(segment);
    init.mprotect(address + PAGE, PAGE, PROT_READ);
    init.munmap(address + 3 * PAGE, PAGE);
    init.mmap({ address: address + 3 * PAGE, length: PAGE, fixed: true });
    expect(segment.attached).toBe(4);
    init.detach(address);
    expect(segment.attached).toBe(0);
    expect(init.space.areaAt(address + 3 * PAGE), 'what came to lie in between stays').not.toBeNull();
    endAll(kernel);
  });

  it('are what detaching is for: other shared memory stays', () => {
    const { kernel, init } = boot();
    const anonymous = init.mmap({ length: PAGE, shared: true });
    const inode = kernel.processes.open('/data/pages', true);
    const file = init.mmap({ length: PAGE, shared: true, inode });
    kernel.vm.cache.release(inode);
    const segment = kernel.segments.get(5, 2 * PAGE);
    const address = init.attach(segment);
    for (const wrong of [anonymous, file, address + PAGE, 0]) {
      expect(code(() => init.detach(wrong))).toBe('EINVAL');
    }
    init.munmap(address, PAGE);
    init.mmap({ address, length: PAGE, shared: true, fixed: true });
    init.detach(address);
    expect(segment.attached, 'the second page was left').toBe(0);
    expect(init.space.areaAt(address)?.inode?.path, 'what came to lie there is none').toBe(
      '/dev/zero (deleted)',
    );
    expect(code(() => init.detach(address))).toBe('EINVAL');
    endAll(kernel);
  });

  it('are refused at a place that is taken or crooked, and without memory', () => {
    const { kernel, init } = boot();
    const segment = kernel.segments.get(5, PAGE);
    const address = init.attach(segment);
    expect(code(() => init.attach(segment, { address }))).toBe('EINVAL');
    expect(code(() => init.attach(segment, { address: address + 1 }))).toBe('EINVAL');
    const attach = () => init.attach(segment);
    let accepted = 0;
    for (let n = 0; n < 100; n++) {
      kernel.pages.failNth(1);
      const result = code(attach);
      kernel.pages.failNth(0);
      if (result === 'accepted') accepted++;
      else {
        expect(result).toBe('ENOMEM');
        expect(segment.attached).toBe(accepted + 1);
        kernel.check();
        break;
      }
    }
    expect(accepted, 'a slab of areas was full in the end').toBeLessThan(100);
    endAll(kernel);
  });
});
