/** Links of the documents, and references to documents in comments of the code, lead to a file and a heading that exist. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { documents, ROOT } from './documents.js';

const LINK = /\]\(([^)\s]+)\)|src="([^"]+)"/g;
const REFERENCE = /\bdocs\/[\w/-]+\.(?:md|txt)(?:#[\w-]+)?/g;
const SOURCES = ['packages', 'bench/src', 'test', 'scripts', 'samples'];

/** As GitHub makes them: small letters, words joined by hyphens, other signs left out. */
function anchorsOf(path: string): Set<string> {
  const headings = readFileSync(path, 'utf8').match(/^#+ .*$/gm) ?? [];
  return new Set(
    headings.map((heading) =>
      heading
        .replace(/^#+ /, '')
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** What is wrong with a link; null when nothing is. */
function wrong(from: string, link: string): string | null {
  if (/^https?:/.test(link)) return null;
  const [path = '', anchor] = link.split('#');
  const file = path === '' ? from : join(dirname(from), path);
  if (!existsSync(file)) return `${relative(ROOT, file)} does not exist`;
  if (anchor === undefined || anchorsOf(file).has(anchor)) return null;
  return `${relative(ROOT, file)} has no heading #${anchor}`;
}

function sources(): string[] {
  return SOURCES.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((path) => /\.(ts|js|c|sh)$/.test(path) && !/(^|\/)(node_modules|dist|build)\//.test(path))
      .map((path) => join(folder, path)),
  );
}

describe('what leads to a document', () => {
  it.each(documents())('%s: every link', (path) => {
    const text = readFileSync(join(ROOT, path), 'utf8');
    for (const [, link, picture] of text.matchAll(LINK)) {
      expect(wrong(join(ROOT, path), (link ?? picture)!), `${path}: ${link ?? picture}`).toBeNull();
    }
  });

  it('in comments of the code: every reference', () => {
    const references = sources().flatMap((path) =>
      (readFileSync(join(ROOT, path), 'utf8').match(REFERENCE) ?? []).map((link) => ({ path, link })),
    );
    expect(references.length).toBeGreaterThan(3);
    for (const { path, link } of references) {
      expect(wrong(join(ROOT, 'README.md'), link), `${path}: ${link}`).toBeNull();
    }
  });

  it('is found wrong where it leads nowhere', () => {
    const readme = join(ROOT, 'README.md');
    const nothing = 'nothing';
    expect(wrong(readme, `docs/${nothing}.md`)).toBe(`docs/${nothing}.md does not exist`);
    expect(wrong(readme, `docs/guide.md#${nothing}`)).toBe(`docs/guide.md has no heading #${nothing}`);
    expect(wrong(readme, 'docs/guide.md#kinds-of-memory')).toBeNull();
  });
});
