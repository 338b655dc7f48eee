/**
 * What a person typed is looked up in a Map, never as a property of an object: `table['constructor']` is there in every
 * object. The compiler finds each access by a key of type string, whatever the object is called and wherever its type
 * was written.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ElementAccessExpression,
  type Expression,
  type Node,
  type SourceFile,
  SyntaxKind,
} from 'typescript/unstable/ast';
// Without a promise of stability from the compiler: the lock file holds its version.
import { API, type Checker, type Type, TypeFlags } from 'typescript/unstable/sync';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROJECTS = [
  'packages/core',
  'packages/kernel',
  'packages/lab',
  'packages/lab/src/report/page',
  'bench',
];

describe('no lookup by a word that may be any', () => {
  let api: API;
  beforeAll(() => {
    api = new API({ cwd: ROOT });
  });
  afterAll(() => api.close());

  it.each(PROJECTS)('in %s', (project) => {
    const { files, lookups } = search(api, join(ROOT, project));
    expect(files).toBeGreaterThan(5);
    expect(lookups).toEqual([]);
  });

  describe('is overlooked', () => {
    const folder = mkdtempSync(join(tmpdir(), 'freehold-lookups-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    const OFFENDERS: Readonly<Record<string, string>> = {
      record: 'const t: Readonly<Record<string, number>> = { a: 1 }; export const f = (w: string) => t[w];',
      index: 'const t: { [key: string]: number } = { a: 1 }; export const f = (w: string) => t[w];',
      chain: 'const t: Record<string, number> = {}; export const f = (w?: { a: string }) => t[w?.a ?? "a"];',
      written: 'const t: Record<string, number> = {}; export const f = (w: string) => { t[w] = 1; };',
      part: 'const t: Record<string, number> = {}; export const f = (w: string) => t[w.slice(1) || "b"];',
      sum: 'const t: Record<string, number> = {}; export const f = (w: string) => t["a" + w];',
      generic: 'const t: Record<string, number> = {}; export const f = <T extends string>(w: T) => t[w];',
      inferred: 'const make = (): Record<string, number> => ({}); export const f = (w: string) => make()[w];',
      asserted: 'const t = { a: 1, b: 2 }; export const f = (w: string) => t[w as keyof typeof t];',
      assertedUnion: "const t = { a: 1, b: 2 }; export const f = (w: string) => t[w as 'a' | 'b'];",
      in: 'const t = { a: 1 }; export const f = (w: string) => w in t;',
      any: 'const t: Record<string, number> = {}; export const f = (w: ReturnType<typeof JSON.parse>) => t[w];',
    };

    const SOUND: Readonly<Record<string, string>> = {
      map: 'const t = new Map([["a", 1]]); export const f = (w: string) => t.get(w);',
      literal: "const t: Record<string, number> = { a: 1 }; export const f = () => t['a'];",
      union: 'const t = { a: 1, b: 2 }; export const f = (w: "a" | "b") => t[w];',
      keys: 'const t = { a: 1, b: 2 }; export const f = (w: keyof typeof t) => t[w];',
      array: 'const t = [1, 2]; export const f = (i: number) => t[i];',
      bytes: 'const t = new Uint8Array(2); export const f = (i: number) => t[i];',
      own: 'const t = { a: 1 }; export const f = (w: string) => Object.hasOwn(t, w);',
      inLiteral: "export const f = (w: object) => 'a' in w;",
    };

    it('neither planted, nor found where there is none', () => {
      mkdirSync(join(folder, 'src'));
      symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
      const base = JSON.parse(readFileSync(join(ROOT, 'tsconfig.base.json'), 'utf8')) as object;
      writeFileSync(join(folder, 'package.json'), '{"type": "module"}');
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ ...base, include: ['src'] }));
      for (const [name, text] of Object.entries({ ...OFFENDERS, ...SOUND }))
        writeFileSync(join(folder, 'src', `${name}.ts`), text);
      const { lookups } = search(api, folder);
      expect(lookups.map((each) => /src\/(\w+)\.ts/.exec(each)?.[1]).sort()).toEqual(
        Object.keys(OFFENDERS).sort(),
      );
    });
  });
});

/** The lookups in the project's sources, its tests left out: `file:line: text`. */
function search(api: API, folder: string): { files: number; lookups: string[] } {
  const config = join(folder, 'tsconfig.json');
  const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
  if (project === undefined) throw new Error(`the compiler does not open ${config}`);
  const { program, checker } = project;
  const lookups: string[] = [];
  let files = 0;
  for (const name of program.getSourceFileNames()) {
    if (!name.startsWith(folder) || /node_modules|\.d\.ts$|\.test\.ts$/.test(name)) continue;
    const file = program.getSourceFile(name);
    if (file === undefined) continue;
    files++;
    for (const node of suspects(file)) {
      if (!isLookup(node, checker)) continue;
      const start = file.text.slice(0, node.end);
      lookups.push(
        `${relative(ROOT, name)}:${start.split('\n').length}: ${file.text.slice(node.pos, node.end).trim()}`,
      );
    }
  }
  return { files, lookups };
}

type Suspect = { readonly node: Node; readonly key: Expression; readonly pos: number; readonly end: number };

/** Every `object[key]` and `key in object`. */
function suspects(file: SourceFile): Suspect[] {
  const found: Suspect[] = [];
  const visit = (node: Node): void => {
    const { pos, end } = node;
    if (node.kind === SyntaxKind.ElementAccessExpression) {
      found.push({ node, key: (node as ElementAccessExpression).argumentExpression, pos, end });
    } else if (node.kind === SyntaxKind.BinaryExpression) {
      const { left, operatorToken } = node as Node & { left: Expression; operatorToken: Node };
      if (operatorToken.kind === SyntaxKind.InKeyword) found.push({ node, key: left, pos, end });
    }
    node.forEachChild(visit);
  };
  visit(file);
  return found;
}

function isLookup({ key }: Suspect, checker: Checker): boolean {
  // `#field in object` asks for a private field of a class.
  if (key.kind === SyntaxKind.PrivateIdentifier) return false;
  if (mayBeAnyWord(checker.getTypeAtLocation(key), checker)) return true;
  // Said to be one of a few, which nobody has checked.
  if (key.kind !== SyntaxKind.AsExpression) return false;
  return mayBeAnyWord(
    checker.getTypeAtLocation((key as Expression & { expression: Expression }).expression),
    checker,
  );
}

function mayBeAnyWord(type: Type | undefined, checker: Checker): boolean {
  if (type === undefined) return true;
  const { flags } = type;
  if ((flags & TypeFlags.TypeParameter) !== 0)
    return mayBeAnyWord(checker.getBaseConstraintOfType(type), checker);
  if (
    (flags & (TypeFlags.String | TypeFlags.Any | TypeFlags.TemplateLiteral | TypeFlags.StringMapping)) !==
    0
  ) {
    return true;
  }
  if ((flags & TypeFlags.Union) === 0) return false;
  return (type as Type & { getTypes(): readonly Type[] })
    .getTypes()
    .some((part) => mayBeAnyWord(part, checker));
}
