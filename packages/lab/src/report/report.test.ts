import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeComparison } from '../../test/measurements.js';
import { renderReport, writeReport } from './report.js';

const META = {
  version: '1.2.3',
  command: 'freehold compare a.gz',
  created: new Date('2026-01-02T03:04:05Z'),
  machine: 'A processor, 2 cores, linux, Node 20.19.0',
};

describe('the report', () => {
  it('is one file that names no address on a network', () => {
    const text = renderReport(makeComparison(), META);
    const links = [...text.matchAll(/(?:src|href)="([^"]*)"/g)].map((match) => match[1]!);
    expect(links.filter((link) => !link.startsWith('#'))).toEqual([]);
    expect(text).toContain("default-src 'none'");
    expect(text).toContain('uPlot');
    expect(text).toContain('2026-01-02');
  });

  it('shows every allocator of every trace', () => {
    const all = makeComparison();
    const text = renderReport(all, META);
    for (const { allocator } of all) expect(text).toContain(allocator);
  });

  it('escapes what a file may be called', () => {
    const hostile = makeComparison().map((each) => ({
      ...each,
      trace: '</script><img src=x onerror=alert(1)>&"',
    }));
    const text = renderReport(hostile, META);
    expect(text).not.toContain('<img');
    expect(text.match(/<\/script>/g)).toHaveLength(3);
  });

  it('refuses to be about nothing', () => {
    expect(() => renderReport([], META)).toThrow('a report needs at least one measurement, got none');
  });

  it('is written whole or not at all', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'freehold-'));
    try {
      const path = join(folder, 'report.html');
      await writeReport(path, makeComparison(), META);
      expect(readFileSync(path, 'utf8')).toMatch(/^<!doctype html>/);
      const missing = join(folder, 'none', 'report.html');
      await expect(writeReport(missing, makeComparison(), META)).rejects.toThrow(
        `cannot write the report ${missing}: the folder ${join(folder, 'none')} does not exist; make it first`,
      );
      expect(existsSync(missing)).toBe(false);
      expect(readdirSync(folder)).toEqual(['report.html']);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
