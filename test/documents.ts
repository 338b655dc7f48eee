/** The documents of the project: their code blocks, what these claim, and whether a claim is true. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** Written by `npm run bench -- --write`, not by hand; it shows nothing that could be run. */
const GENERATED = 'docs/benchmarks.md';

export interface Block {
  /** Where it stands, as `README.md:12`. */
  readonly place: string;
  /** The word behind the fence: `console`, `js`, `sh`, `text`. */
  readonly language: string;
  readonly lines: readonly string[];
  /** The last line of prose above. */
  readonly lead: string;
}

/** A command that a document shows, and what it shows of its output: null where nothing. */
export interface Shown {
  readonly place: string;
  readonly command: string;
  readonly output: readonly string[] | null;
}

/** A statement in an example with a comment that gives its value: `tlsf.allocate(4); // 0, a multiple of 16`. */
export interface Claim {
  readonly place: string;
  /** The line in the block, from 0. */
  readonly line: number;
  /** The variable it declares; null where the statement is an expression. */
  readonly variable: string | null;
  readonly expression: string;
  readonly value: string;
}

/** Every document whose examples are held against what they do. */
export function documents(): string[] {
  const inDocs = readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.md') && !path.includes('node_modules/'))
    .map((path) => `docs/${path}`);
  const ofPackages = ['core', 'kernel', 'lab'].map((name) => `packages/${name}/README.md`);
  return ['README.md', 'CONTRIBUTING.md', 'ARCHITECTURE.md', ...ofPackages, ...inDocs].filter(
    (path) => path !== GENERATED,
  );
}

export function blocksOf(path: string, text = readFileSync(join(ROOT, path), 'utf8')): Block[] {
  const blocks: Block[] = [];
  const lines = text.split('\n');
  let lead = '';
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i]!;
    const fence = /^```(\S*)/.exec(line);
    if (fence === null) {
      if (line.trim() !== '') lead = line;
      continue;
    }
    const end = lines.indexOf('```', i + 1);
    if (end < 0) throw new Error(`${path}:${i + 1}: a code block that does not end`);
    blocks.push({ place: `${path}:${i + 1}`, language: fence[1]!, lines: lines.slice(i + 1, end), lead });
    i = end;
  }
  return blocks;
}

/** The commands of a `console` block, each with the lines that follow it. */
export function shownIn({ place, lines }: Block): Shown[] {
  const shown: { command: string; output: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
    else if (shown.length === 0) throw new Error(`${place}: a console block begins with a command, '$ …'`);
    else shown.at(-1)!.output.push(line);
  }
  return shown.map(({ command, output }) => ({
    place,
    command,
    output: output.length === 0 ? null : output,
  }));
}

const STATEMENT = /^(?:(?:const|let) (\w+) = )?([^\s/}].*?);\s*\/\/ (.+)$/;
/** A number, a word of the language, a string, an object or an error; what follows a number or word is prose. */
const VALUE =
  /^(?:-?0x[\da-f]+|-?\d[\d,_]*(?:\.\d+)?|true|false|null|undefined)(?=[,;:]|$)|^'[^']*'|^[{[].*|^\w+(?:Error|Fault): .*/;

/** The claims of a `js` block. Only statements of one line at its outermost level can make one. */
export function claimsIn({ place, lines }: Block): Claim[] {
  return lines.flatMap((text, line) => {
    const [, variable = null, expression = '', comment = ''] = STATEMENT.exec(text) ?? [];
    const value = VALUE.exec(comment)?.[0];
    return value === undefined ? [] : [{ place: `${place}, '${text}'`, line, variable, expression, value }];
  });
}

/** The block as a module that reports the value of each claim to `fd 3`, a line of JSON each, and goes on. */
export function instrumented(block: Block): string {
  const claims = new Map(claimsIn(block).map((claim) => [claim.line, claim]));
  // Line numbers in call stacks stay as they are.
  if (claims.size === 0) return `${block.lines.join('\n')}\n`;
  const lines = block.lines.map((text, line) => {
    const claim = claims.get(line);
    if (claim === undefined) return text;
    if (claim.variable !== null) return `${text}\nreportClaim(${line}, () => ${claim.variable});`;
    return `reportClaim(${line}, () => (${claim.expression}));`;
  });
  return `${REPORT}\n${lines.join('\n')}\n`;
}

const REPORT = `
import { writeSync as writeClaim } from 'node:fs';
import { inspect as inspectClaim } from 'node:util';
function reportClaim(line, evaluate) {
  let actual;
  try {
    const value = evaluate();
    const hex = Number.isInteger(value) ? '0x' + value.toString(16) : null;
    actual = { text: inspectClaim(value, { breakLength: Infinity, depth: 5 }), hex };
  } catch (error) {
    actual = { text: error.name + ': ' + error.message, hex: null };
  }
  writeClaim(3, JSON.stringify({ line, ...actual }) + '\\n');
}`;

/** What an instrumented block has reported of a claim. */
export interface Reported {
  readonly line: number;
  readonly text: string;
  /** Where it is a whole number. */
  readonly hex: string | null;
}

/** Whether the value is as claimed; `…` stands for anything. */
export function holds(value: string, { text, hex }: Reported): boolean {
  if (value.startsWith('0x') || value.startsWith('-0x')) return value === hex;
  const plain = /^-?\d/.test(value) ? value.replaceAll(/[,_]/g, '') : value;
  const parts = plain.split('…').map((part) => quoted(part.trim()));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text);
}

/** The text as a regular expression that matches nothing else. */
function quoted(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

/** A figure that differs from run to run or machine to machine, and why. */
export interface Mask {
  readonly command: RegExp;
  readonly figure: RegExp;
  readonly why: string;
}

/**
 * Whether `actual` is what is shown of it: line by line, `...` alone on a line standing for any number of lines.
 * What the masks cover may differ, and so may the width of columns then.
 */
export function agrees(shown: readonly string[], actual: readonly string[], masks: readonly Mask[]): boolean {
  const plain = (lines: readonly string[]) => masked(trimmed(lines), masks);
  const expected = plain(shown);
  const found = plain(actual);
  return matchesFrom(expected, 0, found, 0);
}

function matchesFrom(expected: readonly string[], i: number, found: readonly string[], j: number): boolean {
  for (; i < expected.length; i++, j++) {
    if (expected[i] === '...') {
      for (let next = j; next <= found.length; next++)
        if (matchesFrom(expected, i + 1, found, next)) return true;
      return false;
    }
    if (expected[i] !== found[j]) return false;
  }
  return j === found.length;
}

/** With figures of other lengths, columns have other widths. */
function masked(lines: readonly string[], masks: readonly Mask[]): string[] {
  if (masks.length === 0) return [...lines];
  return lines.map((line) =>
    masks.reduce((text, { figure }) => text.replace(figure, '$1#'), line).replaceAll(/ +/g, ' '),
  );
}

/** Without trailing blanks, and without empty lines at the end. */
function trimmed(lines: readonly string[]): string[] {
  const clean = lines.map((line) => line.trimEnd());
  return clean.slice(0, clean.findLastIndex((line) => line !== '') + 1);
}

/** The text with one of its letters or digits changed: a falsehood. */
export function falsified(text: string): string {
  const at = text.search(/[\da-z](?=[^\da-z]*$)/i);
  if (at < 0) return `${text}x`;
  return text.slice(0, at) + (text[at] === '7' ? '8' : '7') + text.slice(at + 1);
}

export function describeDifference(shown: readonly string[], actual: readonly string[]): string {
  return `shown:\n${shown.join('\n')}\nwhat it prints:\n${actual.join('\n')}\n${inspect(actual.length)} lines`;
}
