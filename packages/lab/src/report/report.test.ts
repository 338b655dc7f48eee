import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeComparison } from '../../test/measurements.js';
import { reportPage } from '../node/report-page.js';
import { renderReport } from './report.js';

const PAGE = reportPage();

const META = {
  version: '1.2.3',
  command: 'freehold compare a.gz',
  created: new Date('2026-01-02T03:04:05Z'),
  machine: 'A processor, 2 cores, linux, Node 20.19.0',
};

describe('the report', () => {
  it('is one file that names no address on a network', () => {
    const text = renderReport([makeComparison()], META, PAGE);
    const links = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    expect(links.filter((link) => !link.startsWith('#'))).toEqual([]);
    expect(text).toContain("default-src 'none'");
    expect(text).toContain('uPlot');
    expect(text).toContain('2026-01-02');
  });

  it('shows every allocator of every trace', () => {
    const all = makeComparison();
    const text = renderReport([all], META, PAGE);
    for (const { allocator } of all.results) expect(text).toContain(allocator);
  });

  it('escapes what a file may be called', () => {
    const hostile = makeComparison(undefined, { name: '</script><img src=x onerror=alert(1)>&"' });
    const text = renderReport([hostile], META, PAGE);
    expect(text).not.toContain('<img');
    expect(text.match(/<\/script>/g)).toHaveLength(2);
  });

  it('lets scripts and style sheets in by their hashes alone', () => {
    const text = renderReport([makeComparison()], META, PAGE);
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!;
    const hashOf = (script: string) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`;
    const inlined = (element: string) =>
      [...text.matchAll(new RegExp(`<${element}(?: type="module")?>([^]*?)</${element}>`, 'g'))].map(
        (match) => hashOf(match[1]!),
      );
    expect(inlined('script')).toHaveLength(1);
    expect(inlined('style')).toHaveLength(1);
    expect(policy.split('; ')).toEqual([
      "default-src 'none'",
      `script-src ${inlined('script').join(' ')}`,
      `style-src-elem ${inlined('style').join(' ')}`,
      "style-src-attr 'unsafe-inline'",
      "base-uri 'none'",
      "form-action 'none'",
    ]);
  });

  it('refuses to be about nothing', () => {
    expect(() => renderReport([], META, PAGE)).toThrow('a report needs at least one measurement, got none');
  });
});
