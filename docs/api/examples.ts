/**
 * The examples in the doc comments of a package's public classes and functions: found with TypeScript's own parser, and
 * run as they stand there. The `=>` of a comment states a result, which is checked:
 *
 * ```js
 * tlsf.allocate(100);   // => 0
 * const block = tlsf.allocate(60);   // => 112
 * tlsf.free(1);   // => throws InvalidFreeError
 * ```
 */
import { isDeepStrictEqual } from 'node:util';
import ts from 'typescript';

/** What is documented: a function, a class, or a public method of a class. */
export interface Documented {
  /** `Tlsf.allocate` */
  readonly name: string;
  /** Where it stands: `packages/core/src/tlsf/tlsf.ts:148`, relative to the folder given. */
  readonly place: string;
  /** The code of each `@example`, without its fence. */
  readonly examples: readonly string[];
}

/**
 * The packages as one program, so that what they share is parsed once. Without the language's own library: its types
 * are none of ours, and reading them took longer than all else.
 */
export function programOf(root: string, entries: readonly string[], options: ts.CompilerOptions): ts.Program {
  return ts.createProgram(
    entries.map((entry) => `${root}/${entry}`),
    { ...options, noLib: true, types: [] },
  );
}

/** All functions and classes that `entry` exports, and the public methods of these classes, inherited ones included. */
export function documented(root: string, entry: string, program: ts.Program): Documented[] {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(`${root}/${entry}`);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${entry} is not a module that exports anything`);
  const found = new Map<ts.Declaration, Documented>();
  const add = (name: string, declaration: ts.Declaration) => {
    // What another package of ours needs is no part of what is documented. A method that two classes inherit is so once.
    if (!hasTag(declaration, 'internal') && !found.has(declaration))
      found.set(declaration, describe(root, name, declaration));
  };
  for (const exported of checker.getExportsOfModule(module)) {
    const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
    for (const declaration of symbol.declarations ?? []) {
      if (ts.isFunctionDeclaration(declaration)) add(exported.name, declaration);
      if (!ts.isClassDeclaration(declaration)) continue;
      add(exported.name, declaration);
      const statics = checker.getTypeOfSymbol(symbol).getProperties();
      for (const member of [...checker.getDeclaredTypeOfSymbol(symbol).getProperties(), ...statics]) {
        for (const method of member.declarations ?? []) {
          if (ts.isMethodDeclaration(method) && isOurs(method, root) && isPublic(method)) {
            add(`${exported.name}.${member.name}`, method);
          }
        }
      }
    }
  }
  return [...found.values()];
}

function isPublic(method: ts.MethodDeclaration): boolean {
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
  if (ts.isPrivateIdentifier(method.name) || ts.isComputedPropertyName(method.name)) return false;
  return (ts.getCombinedModifierFlags(method) & hidden) === 0;
}

function hasTag(node: ts.Node, name: string): boolean {
  return ts.getJSDocTags(node).some((tag) => tag.tagName.text === name);
}

/** Not a method of Error, of Map, … */
function isOurs(node: ts.Node, root: string): boolean {
  const { fileName } = node.getSourceFile();
  return fileName.startsWith(root) && !fileName.includes('/node_modules/');
}

function describe(root: string, name: string, declaration: ts.Declaration): Documented {
  const file = declaration.getSourceFile();
  const { line } = file.getLineAndCharacterOfPosition(declaration.getStart(file));
  const examples = ts
    .getJSDocTags(declaration)
    .filter((tag) => tag.tagName.text === 'example')
    .map((tag) => withoutFence(ts.getTextOfJSDocComment(tag.comment) ?? ''));
  return { name, place: `${file.fileName.slice(root.length + 1)}:${line + 1}`, examples };
}

function withoutFence(text: string): string {
  return text.trim().replace(/^```(?:js|ts)\n([\s\S]*?)\n?```$/, '$1');
}

const THROWS = /^(\s*)(?:const \w+ = )?(.*);\s*\/\/ => throws (\w+)(?:: (.*))?$/;
const NAMED = /^(\s*const (\w+) = .*;)\s*\/\/ => (.*)$/;
const VALUE = /^(\s*)(.*);\s*\/\/ => (.*)$/;

/** The code with each stated result turned into a check. */
export function withChecks(code: string): string {
  return code
    .split('\n')
    .map((line) => {
      const [, indent, call, error, message] = THROWS.exec(line) ?? [];
      if (call !== undefined) {
        return `${indent}await $throws(async () => { ${call}; }, ${JSON.stringify(error)}, ${JSON.stringify(message ?? '')});`;
      }
      const [, statement, name, value] = NAMED.exec(line) ?? [];
      if (statement !== undefined) return `${statement} $equal(${name}, (${value}));`;
      const [, before, expression, result] = VALUE.exec(line) ?? [];
      return expression === undefined ? line : `${before}$equal((${expression}), (${result}));`;
    })
    .join('\n');
}

/**
 * Runs an example.
 * @param names what it can use without an import: the exports of its package
 * @throws where a stated result differs from the one seen, or the example throws what it does not state
 */
export async function runExample(code: string, names: Readonly<Record<string, unknown>>): Promise<void> {
  const run = compile(withChecks(code), ['$equal', '$throws', ...Object.keys(names)]);
  await run(equal, throwsNamed, ...Object.values(names));
}

/** `using` and types are for TypeScript, where the engine does not know them; all else needs no translation. */
function compile(code: string, names: readonly string[]): (...values: unknown[]) => Promise<void> {
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  try {
    return AsyncFunction(...names, code) as (...values: unknown[]) => Promise<void>;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const plain = ts.transpile(code, { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext });
    return AsyncFunction(...names, plain) as (...values: unknown[]) => Promise<void>;
  }
}

function equal(seen: unknown, stated: unknown): void {
  if (!isDeepStrictEqual(seen, stated)) {
    throw new Error(`the example states ${show(stated)}; it gave ${show(seen)}`);
  }
}

async function throwsNamed(run: () => Promise<void>, name: string, message: string): Promise<void> {
  const error = await run().then(
    () => null,
    (thrown: unknown) => thrown,
  );
  if (error === null) throw new Error(`the example states that ${name} is thrown; nothing was thrown`);
  if (!(error instanceof Error && error.name === name && error.message.includes(message))) {
    throw new Error(`the example states ${name}: ${message}; it threw ${String(error)}`);
  }
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(JSON.stringify(value) ?? value);
}
