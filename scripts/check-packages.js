/**
 * Checks every published package: with the packaging linters (exports, types, files), and by a strict program without
 * the types of Node or the DOM that is compiled against the packed tarballs.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PACKAGES = { core: 'freehold', kernel: '@freehold/kernel', lab: '@freehold/lab' };
/** What each tarball holds besides its code. */
const FILES = ['README.md', 'LICENSE', 'package.json'];

const PROGRAM = `
import { Heap, Memory, Tlsf } from 'freehold';
import { Machine } from '@freehold/kernel';
import { readTrace } from '@freehold/lab';
const heap = Heap.create(new ArrayBuffer(65536));
const address: number = heap.malloc(100);
const offset: number | null = new Tlsf({ capacity: 65536 }).allocate(100);
export { address, Machine, Memory, offset, readTrace };
`;
const OPTIONS = [
  '--noEmit --strict --exactOptionalPropertyTypes --noUncheckedIndexedAccess --noPropertyAccessFromIndexSignature',
  '--skipLibCheck false --target es2022 --lib es2022',
].join(' ');
const RESOLUTIONS = [
  '--module nodenext --moduleResolution nodenext',
  '--module esnext --moduleResolution bundler',
];

/** @param {string} command */
function run(command, cwd = '.') {
  if (spawnSync(command, { cwd, shell: true, stdio: 'inherit' }).status !== 0) process.exit(1);
}

/** @param {string} message */
function fail(message) {
  process.stderr.write(`check-packages: ${message}\n`);
  process.exit(1);
}

/**
 * Unpacks the tarball of each package as an install would.
 * @param {string} folder
 */
function install(folder) {
  for (const [name, published] of Object.entries(PACKAGES)) {
    const pack = ['pack', '--silent', '--pack-destination', folder, '-w', `packages/${name}`];
    const tarball = execFileSync('npm', pack, { encoding: 'utf8' }).trim();
    const target = join(folder, 'node_modules', published);
    mkdirSync(target, { recursive: true });
    execFileSync('tar', ['xzf', join(folder, tarball), '-C', target, '--strip-components=1']);
    for (const file of FILES) {
      if (!existsSync(join(target, file))) fail(`the tarball of ${published} lacks ${file}`);
    }
  }
}

/**
 * Compiles the program with each way to resolve modules, with the project's own compiler.
 * @param {string} folder
 */
function compile(folder) {
  const compiler = createRequire(import.meta.url).resolve('typescript/package.json');
  const tsc = join(compiler, '../bin/tsc');
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
  writeFileSync(join(folder, 'program.ts'), PROGRAM);
  for (const resolution of RESOLUTIONS) {
    run(`"${process.execPath}" "${tsc}" ${OPTIONS} --types "" ${resolution} program.ts`, folder);
  }
}

for (const name of Object.keys(PACKAGES)) {
  run(`publint --strict packages/${name}`);
  run(`attw --pack packages/${name} --profile esm-only --exclude-entrypoints malloc.c`);
}
const folder = mkdtempSync(join(tmpdir(), 'freehold-packages-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
install(folder);
compile(folder);
const source = createRequire(join(folder, 'program.ts')).resolve('freehold/malloc.c');
if (!existsSync(source)) fail('freehold/malloc.c resolves to no file');
