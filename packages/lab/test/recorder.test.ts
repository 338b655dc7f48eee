/** recorder/recorder.c writes down what a C program calls, in order; on Linux with a C compiler. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const RECORDER = fileURLToPath(new URL('../recorder/recorder.c', import.meta.url));

const EVERY_CALL = `
#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
int main(void) {
  void *a = malloc(1000001);
  void *b = calloc(3, 1000002);
  a = realloc(a, 1000003);
  void *c = realloc(NULL, 1000004);
  c = reallocarray(c, 2, 1000005);
  void *d = NULL;
  if (posix_memalign(&d, 64, 1000006) != 0) return 1;
  if (posix_memalign(&d, 24, 1) == 0) return 2;
  void *e = aligned_alloc(128, 1000064);
  void *f = memalign(256, 1000007);
  void *g = valloc(1000008);
  void *volatile refused = malloc(SIZE_MAX / 2);
  void *volatile overflowed = reallocarray(NULL, SIZE_MAX, 2);
  if (refused != NULL || overflowed != NULL) return 3;
  if (fork() == 0) {
    free(malloc(1000009));
    _exit(0);
  }
  int status;
  wait(&status);
  free(g); free(f); free(e); free(d); free(b);
  if (realloc(c, 0) != NULL) return 4;
  free(NULL);
  free(a);
  _exit(status == 0 ? 0 : 5);
}
`;

const THREADS = `
#include <pthread.h>
#include <stdlib.h>
static void *work(void *unused) {
  void *kept[16] = {0};
  for (unsigned i = 0; i < 4000; i++) {
    free(kept[i % 16]);
    kept[i % 16] = malloc(i % 300 + 1);
  }
  for (unsigned i = 0; i < 16; i++) free(kept[i]);
  return unused;
}
int main(void) {
  pthread_t thread[4];
  for (int i = 0; i < 4; i++) if (pthread_create(&thread[i], NULL, work, NULL) != 0) return 1;
  for (int i = 0; i < 4; i++) pthread_join(thread[i], NULL);
  return 0;
}
`;

const canRun = process.platform === 'linux' && spawnSync('cc', ['--version']).status === 0;

describe.skipIf(!canRun)('the recorder', () => {
  let folder = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'freehold-'));
    compile(RECORDER, 'recorder.so', '-Wall', '-Wextra', '-Werror', '-fPIC', '-shared');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('writes every call once, with its sizes, and nothing of failed calls or of children', () => {
    const calls = record('calls', EVERY_CALL).filter((line) => /10000\d\d|free|realloc/.test(line));
    const [a, b, moved, c, grown, d, e, f, g] = calls.map((line) => line.split(' ')[2]);
    expect(calls).toEqual([
      `1: malloc ${a} 1000001`,
      `1: calloc ${b} 3 1000002`,
      `1: realloc ${moved} ${a} 1000003`,
      `1: realloc ${c} 0x0 1000004`,
      `1: realloc ${grown} ${c} 2000010`,
      `1: memalign ${d} 64 1000006`,
      `1: memalign ${e} 128 1000064`,
      `1: memalign ${f} 256 1000007`,
      `1: memalign ${g} 4096 1000008`,
      ...[g, f, e, d, b].map((address) => `1: free ${address}`),
      `1: realloc 0x0 ${grown} 0`,
      '1: free 0x0',
      `1: free ${moved}`,
    ]);
  });

  it('keeps the order of four threads: no block is given out before it is free', () => {
    const live = new Set<string>();
    const threads = new Set<string>();
    let allocations = 0;
    for (const line of record('threads', THREADS)) {
      const [thread, call, address] = line.split(' ') as [string, string, string];
      threads.add(thread);
      if (call === 'free') {
        if (address !== '0x0') expect(live.delete(address), line).toBe(true);
      } else {
        expect(live.has(address), line).toBe(false);
        live.add(address);
        allocations++;
      }
    }
    expect(allocations).toBeGreaterThanOrEqual(16_000);
    expect(threads.size).toBe(5);
  });

  function compile(source: string, output: string, ...flags: string[]): void {
    execFileSync('cc', ['-O1', '-fno-builtin', '-pthread', ...flags, '-o', join(folder, output), source]);
  }

  function record(name: string, source: string): string[] {
    const program = join(folder, `${name}.c`);
    writeFileSync(program, source);
    compile(program, name, '-w');
    const recording = join(folder, `${name}.txt`);
    execFileSync(join(folder, name), {
      env: { FREEHOLD_RECORD: recording, LD_PRELOAD: join(folder, 'recorder.so') },
    });
    expect(existsSync(recording)).toBe(true);
    return readFileSync(recording, 'utf8').trimEnd().split('\n');
  }
});
