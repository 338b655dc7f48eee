/** The script and the style of report.html, as `npm run build` bundled them. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Part, ReportPage } from '../report/report.js';

/** For `renderReport`. */
export function reportPage(): ReportPage {
  // The same folder whether this runs from src or from dist.
  const bundle = (name: string) =>
    readFileSync(new URL(`../../dist/report/page/${name}`, import.meta.url), 'utf8');
  const licence = readFileSync(createRequire(import.meta.url).resolve('uplot/LICENSE'), 'utf8');
  return { script: part(`/*! uPlot\n${licence}*/\n${bundle('page.js')}`), style: part(bundle('page.css')) };
}

function part(text: string): Part {
  if (/<\/(?:script|style)|<!--/i.test(text)) {
    throw new Error('the script or style holds a closing tag or "<!--", which would end its element');
  }
  // A parser of HTML reads CR LF as LF: the hash would be of another text.
  const plain = text.replaceAll('\r\n', '\n');
  return { text: plain, sha256: createHash('sha256').update(plain).digest('base64') };
}
