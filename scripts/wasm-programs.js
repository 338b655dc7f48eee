/**
 * Builds the real programs that freehold's heap is tested under, each twice from the same Debian sources: for this
 * machine, and for WebAssembly with freehold's malloc linked in. What is there already is not built again.
 *
 * Where a tool is missing it says which, and the tests of these programs are skipped; others use a committed module.
 */
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** @param {string} relative to the root of the repository */
const path = (relative) => fileURLToPath(new URL(`../${relative}`, import.meta.url));
const build = path('build/wasm');
const test = path('packages/core/test/wasm');
const shim = path('packages/core/src/wasm/malloc.c');

/** Files that must exist, and the Debian package each comes with. */
const TOOLS = [
  ['/usr/bin/cc', 'gcc'],
  ['/usr/include/stdio.h', 'libc6-dev'],
  ['/usr/bin/clang', 'clang'],
  ['/usr/bin/wasm-ld', 'lld'],
  ['/usr/lib/wasm32-wasi/libc.a', 'wasi-libc'],
  ['/usr/bin/dpkg-source', 'dpkg-dev'],
  ['/usr/bin/make', 'make'],
  ['/usr/bin/tclsh', 'tcl'],
  ['/usr/share/keyrings/debian-archive-keyring.gpg', 'debian-archive-keyring'],
];

const WASI = ['--target=wasm32-wasi', '-O1', '-w'];
/** One MiB of stack, below the data: an overflow traps instead of overwriting. */
const LINK = '-Wl,--strip-debug,--export=__heap_base,-z,stack-size=1048576,--stack-first';

const missing = TOOLS.filter(([file]) => !existsSync(file)).map(([, name]) => name);
if (!missing.includes('clang')) {
  const builtins = execFileSync('clang', ['--target=wasm32-wasi', '-print-libgcc-file-name'], {
    encoding: 'utf8',
  });
  const release = /llvm-(\d+)/.exec(builtins)?.[1];
  if (!existsSync(builtins.trim())) missing.push(`libclang-rt-${release ?? 'N'}-dev-wasm32`);
}
if (missing.length > 0) {
  process.stderr.write(`not built; to have real programs tested: apt-get install ${missing.join(' ')}\n`);
} else {
  mkdirSync(build, { recursive: true });
  await Promise.all([lua(), sqlite()]);
}

async function lua() {
  const sources = `${await source('lua5.4')}/src`;
  const files = readdirSync(sources)
    .filter((name) => name.endsWith('.c') && name !== 'luac.c')
    .map((name) => `${sources}/${name}`);
  // A seed that is the same everywhere gives tables the same order everywhere.
  const common = ['-Dluai_makeseed(L)=1u', `-I${test}/lua`];
  const port = ['-include', `${test}/lua/wasi/lua-wasi.h`, `-I${test}/lua/wasi`];
  const emulated = ['-D_WASI_EMULATED_SIGNAL', '-D_WASI_EMULATED_PROCESS_CLOCKS'];
  const libraries = ['-lwasi-emulated-signal', '-lwasi-emulated-process-clocks'];
  const exported = '-Wl,--export=__stack_pointer,--export-table';
  await compile('lua.native', 'cc', ['-O1', '-w', ...common], files, ['-lm']);
  await compile(
    'lua.wasm',
    'clang',
    [...WASI, ...common, ...emulated, ...port],
    [...files, shim],
    [...libraries, LINK, exported],
  );
}

async function sqlite() {
  const sources = await source('sqlite3');
  const made = `${build}/sqlite`;
  if (!existsSync(`${made}/sqlite3.c`)) {
    mkdirSync(made, { recursive: true });
    await run(`${sources}/configure`, ['--disable-tcl', '--disable-readline'], made);
    await run('make', ['sqlite3.c'], made);
  }
  const options = [
    // No files, threads or shared libraries; all that is temporary in memory too.
    ...['OS_OTHER=1', 'THREADSAFE=0', 'OMIT_LOAD_EXTENSION', 'OMIT_WAL', 'TEMP_STORE=3', 'ENABLE_FTS5'],
  ].map((option) => `-DSQLITE_${option}`);
  // Long doubles have 80 bits here and 128 there; doubles are the same on both.
  options.push('-DLONGDOUBLE_TYPE=double', '-DHAVE_MALLOC_H', '-DHAVE_MALLOC_USABLE_SIZE', `-I${made}`);
  const files = [`${test}/sqlite/run.c`, `${made}/sqlite3.c`];
  await Promise.all([
    compile('sqlite.native', 'cc', ['-O1', '-w', ...options], files, ['-lm']),
    compile('sqlite.wasm', 'clang', [...WASI, ...options], [...files, shim], [LINK]),
  ]);
}

/**
 * @param {string} name of the file to make
 * @param {string} compiler
 * @param {readonly string[]} flags
 * @param {readonly string[]} files
 * @param {readonly string[]} libraries
 */
async function compile(name, compiler, flags, files, libraries) {
  const output = `${build}/${name}`;
  const inputs = [...files, `${test}/lua/wasi/lua-wasi.h`, fileURLToPath(import.meta.url)];
  const newest = Math.max(...inputs.map((file) => statSync(file).mtimeMs));
  if (existsSync(output) && statSync(output).mtimeMs > newest) return;
  process.stderr.write(`building ${name}\n`);
  await run(compiler, [...flags, ...files, '-o', output, ...libraries]);
}

/**
 * The folder of a Debian source package, fetched with apt-get under a configuration of its own.
 * @param {string} name
 */
async function source(name) {
  const folder = `${build}/source/${name}`;
  const unpacked = `${folder}/unpacked`;
  if (existsSync(unpacked)) return unpacked;
  process.stderr.write(`fetching the source of ${name}\n`);
  rmSync(folder, { recursive: true, force: true });
  for (const part of ['lists/partial', 'cache/archives/partial']) {
    mkdirSync(`${folder}/apt/${part}`, { recursive: true });
  }
  const list = `${folder}/apt/sources.list`;
  writeFileSync(
    list,
    'deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian bookworm main\n',
  );
  const settings = [
    `Dir::Etc::sourcelist=${list}`,
    'Dir::Etc::sourceparts=-',
    `Dir::State::lists=${folder}/apt/lists`,
    `Dir::Cache=${folder}/apt/cache`,
    'APT::Sandbox::User=root',
  ].flatMap((setting) => ['-o', setting]);
  await run('apt-get', [...settings, '-qq', 'update'], folder);
  await run('apt-get', [...settings, '-qq', '--download-only', 'source', name], folder);
  const description = readdirSync(folder).find((file) => file.endsWith('.dsc'));
  if (description === undefined) throw new Error(`apt-get source ${name} fetched no .dsc into ${folder}`);
  await run('dpkg-source', ['--no-check', '-x', description, unpacked], folder);
  return unpacked;
}

/**
 * @param {string} command
 * @param {readonly string[]} parameters
 */
async function run(command, parameters, cwd = build) {
  try {
    await promisify(execFile)(command, parameters, { cwd, maxBuffer: 2 ** 26, timeout: 600_000 });
  } catch (error) {
    throw new Error(`${command} ${parameters.join(' ')}\n${toldBy(error)}`);
  }
}

/**
 * What a command that failed has written, or why there was none.
 * @param {unknown} error
 */
function toldBy(error) {
  if (!(error instanceof Error)) return String(error);
  return ('stderr' in error && String(error.stderr)) || error.message;
}
