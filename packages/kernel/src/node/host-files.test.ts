import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { getuid, platform } from 'node:process';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { Kernel } from '../kernel.js';
import { FileCopy } from '../vm/page-cache/file-copy.js';
import { MemoryFile } from '../vm/page-cache/file-source.js';
import { PROT_READ } from '../vm/space/area.js';
import { HostFiles, type HostFilesOptions } from './host-files.js';

const PAGE = 4096;
const LINUX = platform === 'linux';
const root = mkdtempSync(join(tmpdir(), 'freehold-host-'));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder that may be written with a file `in`, and beside it one that may not with a file `out`. */
let here = '';
let open = '';
let closed = '';
let inside = '';
let outside = '';
let count = 0;
beforeEach(() => {
  here = join(root, String(count++));
  [open, closed] = [join(here, 'open'), join(here, 'closed')];
  mkdirSync(open, { recursive: true });
  mkdirSync(closed);
  [inside, outside] = [join(open, 'in'), join(closed, 'out')];
  for (const path of [inside, outside]) writeFileSync(path, 'as it was'.padEnd(2 * PAGE, '.'));
});

function boot(options: HostFilesOptions = { writable: [open] }) {
  const told: string[] = [];
  const files = new HostFiles({ onCopy: (path, reason) => told.push(`${path} ${reason}`), ...options });
  const kernel = new Kernel({ memoryBytes: 16 * 2 ** 20, openFile: files.open });
  const init = kernel.process(1);
  const map = (path: string, toWrite = true, process = init) => {
    const inode = kernel.processes.open(path, toWrite);
    const protection = toWrite ? {} : { protection: PROT_READ };
    const address = process.mmap({ length: 2 * PAGE, inode, shared: true, ...protection });
    kernel.vm.cache.release(inode);
    return address;
  };
  const text = (address: number, process = init) => {
    const bytes = new Uint8Array(9);
    process.space.read(address, bytes);
    return new TextDecoder().decode(bytes);
  };
  /** Maps the file shared, writes to it, and unmaps it: the way of a program that changes a file. */
  const change = (path: string) => {
    const address = map(path);
    init.space.write(address, new TextEncoder().encode('CHANGED!!'));
    init.munmap(address, 2 * PAGE);
    kernel.check();
  };
  return { kernel, files, told, init, map, text, change };
}

function onDisk(path: string): string {
  const file = openSync(path, 'r');
  const bytes = Buffer.alloc(9);
  readSync(file, bytes);
  closeSync(file);
  return bytes.toString();
}

describe('the files of the host', () => {
  it('are not written when no folder was named', () => {
    const { change, told } = boot({});
    change(inside);
    change(outside);
    expect([onDisk(inside), onDisk(outside)]).toEqual(['as it was', 'as it was']);
    expect(told).toEqual([`${inside} outside`, `${outside} outside`]);
  });

  it('are written in the folder that was named, and nowhere else', () => {
    const { change, told } = boot();
    change(inside);
    change(outside);
    expect([onDisk(inside), onDisk(outside)]).toEqual(['CHANGED!!', 'as it was']);
    expect(told).toEqual([`${outside} outside`]);
  });

  it('not written have a copy that every process sees, also after it was closed; told once', () => {
    const { kernel, map, text, change, told, init } = boot();
    const before = map(outside, false);
    expect(text(before)).toBe('as it was');
    const address = map(outside);
    init.space.write(address + PAGE - 3, new TextEncoder().encode('CHANGED!!'));
    const child = kernel.processes.fork(init);
    expect(text(address + PAGE - 3, child)).toBe('CHANGED!!');
    expect(text(before + PAGE - 3)).toBe('CHANGED!!');
    expect(init.space.msync(address, 2 * PAGE)).toBe(2);
    kernel.processes.exit(child);
    init.munmap(address, 2 * PAGE);
    init.munmap(before, 2 * PAGE);
    expect(kernel.dropCaches()).toBeGreaterThan(1);
    expect(text(map(outside, false) + PAGE - 3)).toBe('CHANGED!!');
    change(outside);
    expect(text(map(outside))).toBe('CHANGED!!');
    expect(told).toHaveLength(1);
    expect(readFileSync(outside, 'utf8')).toBe('as it was'.padEnd(2 * PAGE, '.'));
    kernel.check();
  });

  it('hold as much in copies as is allowed, and refuse what is more with ENOSPC', () => {
    const { init, map, kernel } = boot({ copyBytesMax: PAGE });
    const address = map(outside);
    init.space.store8(address, 1);
    init.space.store8(address + PAGE, 1);
    expect(() => init.space.msync(address, 2 * PAGE)).toThrow(
      `EIO: ${outside} cannot be written: Error: copies of files in memory hold 4096 bytes at most`,
    );
    kernel.check();
  });

  it('forget their copies when they are done with', () => {
    const { files, change, map, text, kernel } = boot();
    change(outside);
    kernel.shutDown();
    files[Symbol.dispose]();
    const again = boot();
    expect(again.text(again.map(outside, false))).toBe('as it was');
    expect(() => text(map(outside, false))).toThrow('ESRCH');
  });

  it('are in folders that are there', () => {
    expect(() => new HostFiles({ writable: [join(here, 'none')] })).toThrow('ENOENT');
    expect(() => new HostFiles({ writable: [inside] })).toThrow('is not a folder');
  });
});

describe.skipIf(!LINUX)('a way out of the folder', () => {
  const ways: [string, () => string][] = [
    ['..', () => `${open}/../closed/out`],
    ['.. behind a folder that is not there to be written', () => `${open}/./..//closed/out`],
    [
      'a folder whose name begins as that of the folder',
      () => {
        mkdirSync(`${open}ed`);
        writeFileSync(`${open}ed/file`, 'as it was'.padEnd(2 * PAGE));
        outside = `${open}ed/file`;
        return outside;
      },
    ],
    ['a relative path', () => relative(process.cwd(), outside)],
    [
      'a symbolic link',
      () => {
        symlinkSync(outside, join(open, 'link'));
        return join(open, 'link');
      },
    ],
    [
      'a relative link, over another',
      () => {
        symlinkSync('../closed/out', join(open, 'first'));
        symlinkSync('first', join(open, 'second'));
        return join(open, 'second');
      },
    ],
    [
      'a link to a folder',
      () => {
        symlinkSync(closed, join(open, 'folder'));
        return join(open, 'folder', 'out');
      },
    ],
    [
      '.. behind a link to a folder',
      () => {
        mkdirSync(join(closed, 'deep'));
        symlinkSync(join(closed, 'deep'), join(open, 'deep'));
        return `${open}/deep/../out`;
      },
    ],
    [
      'a hard link',
      () => {
        linkSync(outside, join(open, 'hard'));
        return join(open, 'hard');
      },
    ],
    ['the working folder of a process', () => `/proc/self/cwd/${relative(process.cwd(), outside)}`],
    ['the root of a process', () => `/proc/self/root${outside}`],
  ];

  it.each(ways)('by %s leads to a copy', (_name, path) => {
    const { change, told } = boot();
    const way = path();
    change(way);
    expect(onDisk(outside)).toBe('as it was');
    expect(told).toHaveLength(1);
  });

  it('by the folder itself, which became a link after the start, leads to a copy', () => {
    const { change, told } = boot();
    renameSync(open, join(here, 'moved'));
    symlinkSync(closed, open);
    change(join(open, 'out'));
    expect(onDisk(outside)).toBe('as it was');
    expect(told).toHaveLength(1);
  });

  it('by a file that becomes a link between two looks at it is refused', () => {
    const files = new HostFiles({ writable: [open] });
    // The first look is at the file, the second, when it is opened to be written, at where the link leads.
    const fake = files as unknown as { whyNotWritten(file: unknown): string | null };
    const { whyNotWritten } = fake;
    let looks = 0;
    fake.whyNotWritten = (file) => {
      const reason = whyNotWritten.call(files, file);
      if (looks++ === 0) {
        unlinkSync(inside);
        symlinkSync(outside, inside);
      }
      return reason;
    };
    expect(() => files.open(inside, true)).toThrow('was replaced by another file while it was opened');
    expect(looks).toBe(2);
  });

  it('is none where the folder is named by a link, or as it stands from here', () => {
    symlinkSync(open, join(here, 'name'));
    boot({ writable: [join(here, 'name')] }).change(inside);
    expect(onDisk(inside)).toBe('CHANGED!!');
    writeFileSync(inside, 'as it was'.padEnd(2 * PAGE));
    boot({ writable: [relative(process.cwd(), open)] }).change(join(here, 'name', 'in'));
    expect(onDisk(inside)).toBe('CHANGED!!');
  });

  it('is none by a name of a file that was deleted while it is mapped', () => {
    const { init, map, kernel } = boot();
    const address = map(inside);
    unlinkSync(inside);
    init.space.store8(address, 1);
    init.munmap(address, 2 * PAGE);
    kernel.check();
  });
});

describe.skipIf(!LINUX)('what is not a file on disk', () => {
  const refusal = /EACCES: .* is not a regular file: only regular files can be mapped/;

  it('a folder or a pipe is refused and not waited for', () => {
    const pipe = join(open, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const { kernel } = boot();
    for (const path of [open, pipe]) {
      for (const toWrite of [false, true])
        expect(() => kernel.processes.open(path, toWrite)).toThrow(refusal);
    }
  });

  it.skipIf(getuid?.() !== 0)('a device is refused: endless, empty, full', (context) => {
    const { kernel } = boot();
    for (const [name, minor] of [
      ['null', '3'],
      ['zero', '5'],
      ['full', '7'],
    ] as const) {
      const node = join(open, name);
      try {
        execFileSync('mknod', [node, 'c', '1', minor], { stdio: 'ignore' });
      } catch {
        // Not in every container.
        context.skip();
      }
      for (const toWrite of [false, true])
        expect(() => kernel.processes.open(node, toWrite)).toThrow(refusal);
    }
  });

  it('files of /proc and /sys are refused, also through links, and with the right to write there', () => {
    symlinkSync('/proc/self/mem', join(open, 'mem'));
    const { kernel } = boot({ writable: [open, '/proc'] });
    for (const path of [
      '/proc/self/mem',
      '/proc/self/environ',
      '/proc/meminfo',
      join(open, 'mem'),
      '/sys/kernel/mm/transparent_hugepage/enabled',
    ]) {
      for (const toWrite of [false, true])
        expect(() => kernel.processes.open(path, toWrite), path).toThrow(
          /made up by the kernel|there is no such file/,
        );
    }
    expect(() => kernel.processes.exec(kernel.process(1), '/proc/self/maps')).toThrow(
      'made up by the kernel',
    );
  });

  it('a file of 1 TiB without contents is mapped, and written in a copy', () => {
    truncateSync(outside, 2 ** 40);
    const { change, told } = boot();
    change(outside);
    expect(onDisk(outside)).toBe('as it was');
    expect(told).toHaveLength(1);
  });
});

describe('a copy of a file', () => {
  it('reads as a file would that was written', () => {
    const original = new Uint8Array(2 * PAGE + 100).map((_, i) => i * 7);
    const copy = new FileCopy(new MemoryFile('/f', original.slice()));
    const model = new MemoryFile('/f', original.slice());
    for (const [offset, length] of [
      [0, 1],
      [PAGE - 1, 2],
      [10, PAGE],
      [2 * PAGE + 50, 50],
      [1, 2 * PAGE],
    ] as const) {
      const bytes = new Uint8Array(length).fill(offset + 1);
      copy.write(offset, bytes);
      model.write(offset, bytes);
      for (const at of [0, 5, PAGE - 1, 2 * PAGE + 99, 2 * PAGE + 100, 5 * PAGE]) {
        const [a, b] = [new Uint8Array(PAGE + 3), new Uint8Array(PAGE + 3)];
        expect(copy.read(at, a)).toBe(model.read(at, b));
        expect(Buffer.compare(a, b)).toBe(0);
      }
    }
    expect(copy.size).toBe(original.length);
    copy.write(3 * PAGE, new Uint8Array([1]));
    expect(copy.size).toBe(3 * PAGE + 1);
    const end = new Uint8Array(PAGE).fill(9);
    expect(copy.read(2 * PAGE + 100, end)).toBe(PAGE - 99);
    expect([end[0], end[PAGE - 100], end[PAGE - 99]]).toEqual([0, 1, 9]);
  });

  it('is as it was where there is no memory for a write', () => {
    const copy = new FileCopy(new MemoryFile('/f', new Uint8Array(2 * PAGE)), () => {
      throw new Error('full');
    });
    expect(() => copy.write(PAGE - 1, new Uint8Array([1, 1]))).toThrow('full');
    const bytes = new Uint8Array(2 * PAGE).fill(1);
    expect(copy.read(0, bytes)).toBe(2 * PAGE);
    expect(bytes.every((byte) => byte === 0)).toBe(true);
  });
});
