/**
 * `report.html`: every figure of a comparison in one file that opens from disk without a network. Tables, bars and
 * explanations are made here; the page's own script (`page/`) sorts and draws the charts over time, and the page reads
 * without it.
 */
import { type Comparison, unmeasuredIn } from '../metrics/comparison.js';
import { formatCount, formatSize } from '../text/format.js';
import { breakdownFigure, freeSegmentsFigure, requestSizesFigure } from './figures.js';
import { Html, html, scriptJson } from './html.js';
import { packTraces } from './pack.js';
import { summarizeAll, summarizeTrace } from './summary.js';
import { comparisonTable, measureList, ordersTable, overviewTable, settings } from './table.js';
import { type TraceResults, tracesOf } from './traces.js';

export interface ReportMeta {
  /** Of freehold. */
  readonly version: string;
  /** What made the report, as typed, to make it again: `freehold compare app.trace.gz`. */
  readonly command: string;
  readonly created: Date;
  /** What the times were taken on: processor, cores, system, Node. */
  readonly machine: string;
}

/** What makes the page move: the bundled script and style (`page/`), and their hashes for the content policy. */
export interface ReportPage {
  readonly script: Part;
  readonly style: Part;
}

/** Text that stands in an element where nothing is escaped: without a closing tag, lines ending with LF. */
export interface Part {
  readonly text: string;
  /** SHA-256 of the text in UTF-8, base64. */
  readonly sha256: string;
}

/**
 * The report as the text of an HTML file.
 * @param page in Node: `reportPage()` of `@freehold/lab/node`
 * @throws RangeError where there is no measurement to report
 */
export function renderReport(
  comparisons: readonly Comparison[],
  meta: ReportMeta,
  { script, style }: ReportPage,
): string {
  const traces = tracesOf(comparisons);
  if (traces.length === 0) throw new RangeError('a report needs at least one measurement, got none');
  const names = traces.map(({ name }) => name).join(', ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(script, style)}">
<meta name="generator" content="freehold ${meta.version}">
<title>freehold: allocators on ${names}</title>
<style>${new Html(style.text)}</style>
</head>
<body>
<header>
<h1>Which allocator, and how big a buffer?</h1>
<p class="lead">${allocatorCount(traces)} replayed on ${traces.length === 1 ? names : `${traces.length} recordings`}.</p>
${notMeasured(comparisons)}
${contents(traces)}
</header>
<main>
${overview(traces)}
${traces.map((trace, i) => traceSection(trace, i))}
<section aria-labelledby="measures">
<h2 id="measures">What the columns mean, and what to do</h2>
${measureList()}
</section>
</main>
<footer>
<p>Made by freehold ${meta.version} on <time datetime="${meta.created.toISOString()}">${meta.created.toISOString().slice(0, 10)}</time> with</p>
<pre><code>${meta.command}</code></pre>
<p>Footprints count every byte an allocator needs, bookkeeping outside the range included. In the tables they are the most that the run needed at any time. Times are medians of rounds in which nothing was measured but time, the quartiles below them; taken on ${meta.machine}.</p>
</footer>
<script type="application/json" id="data">${scriptJson(packTraces(traces))}</script>
<script type="module">${new Html(script.text)}</script>
</body>
</html>
`;
  return page.text;
}

/**
 * Only the scripts and style sheets that stand in this page run, known by their hashes: should a name ever get past the
 * escaping, it can run nothing. Bars have their lengths in style attributes, which can run nothing either.
 */
function contentPolicy(script: Part, style: Part): Html {
  return new Html(
    [
      "default-src 'none'",
      `script-src 'sha256-${script.sha256}'`,
      `style-src-elem 'sha256-${style.sha256}'`,
      "style-src-attr 'unsafe-inline'",
      "base-uri 'none'",
      "form-action 'none'",
    ].join('; '),
  );
}

function notMeasured(comparisons: readonly Comparison[]): Html | null {
  const items = comparisons.flatMap((comparison) =>
    unmeasuredIn(comparison).map(
      ({ allocator, error }) =>
        html`<li><b>${allocator}</b> on ${comparison.trace.name} could not be measured: ${error.message}.</li>`,
    ),
  );
  return items.length === 0 ? null : html`<ul>${items}</ul>`;
}

function allocatorCount(traces: readonly TraceResults[]): string {
  const names = new Set(traces.flatMap(({ measurements }) => measurements.map(({ allocator }) => allocator)));
  return names.size === 1 ? [...names][0]! : `${names.size} allocators`;
}

function overview(traces: readonly TraceResults[]): Html | null {
  if (traces.length === 1) return null;
  return html`<section aria-labelledby="overview">
<h2 id="overview">All recordings</h2>
${sentences(summarizeAll(traces))}
${overviewTable(traces)}
</section>`;
}

/** Where there is more than one recording to look for. */
function contents(traces: readonly TraceResults[]): Html | null {
  if (traces.length === 1) return null;
  const entry = (id: string, text: string) => html`<li><a href="#${id}">${text}</a></li>`;
  return html`<nav aria-label="Contents"><ul>
${entry('overview', 'All recordings')}
${traces.map(({ name }, i) => entry(`trace-${i}`, name))}
${entry('measures', 'What the columns mean')}
</ul></nav>`;
}

function traceSection(trace: TraceResults, index: number): Html {
  const { name, measurements } = trace;
  const { operations, requests, peakLiveBytes } = trace.facts;
  const { capacity } = trace.settings;
  const { reallocations } = measurements[0]!;
  return html`<section aria-labelledby="trace-${index}">
<h2 id="trace-${index}">${name}</h2>
<ul class="facts">
<li><b>${formatCount(operations)}</b> operations</li>
<li><b>${formatCount(requests)}</b> requests</li>
<li><b>${formatCount(reallocations)}</b> reallocations</li>
<li><b>${formatSize(peakLiveBytes)}</b> live at most: the lower bound</li>
<li>${capacity === null ? 'the arena grew on demand' : html`an arena of <b>${formatSize(capacity)}</b>`}</li>
</ul>
${sentences(summarizeTrace(trace))}
${comparisonTable(trace)}
${settings(trace)}
<div class="figures">
${timeFigure('all', index, {
  title: 'Memory over time',
  text: 'The footprint of the moment: up to the end of the highest live block, with the bookkeeping. Each point is the greatest of its stretch of the run, so that no peak is lost. Drag to zoom; the arrow keys move the pointer.',
  choice: 'Show',
  options: ['footprint', 'segments'].map((value) => [
    value,
    value === 'segments' ? 'number of free segments' : 'footprint and live bytes',
  ]),
})}
${breakdownFigure(trace)}
${timeFigure('one', index, {
  title: 'Requested, granted, held',
  text: 'One allocator over time, each from its least to its greatest value. Granted over requested is internal fragmentation; footprint over granted is holes and bookkeeping.',
  choice: 'Allocator',
  options: measurements.map(({ allocator }, i) => [String(i), allocator]),
})}
${requestSizesFigure(trace)}
${freeSegmentsFigure(trace)}
</div>
${ordersTable(trace)}
</section>`;
}

interface TimeFigure {
  readonly title: string;
  readonly text: string;
  /** Labels the choice between the options, each a value and its text. */
  readonly choice: string;
  readonly options: readonly (readonly string[])[];
}

/** A frame that the page's script fills. */
function timeFigure(chart: string, trace: number, { title, text, choice, options }: TimeFigure): Html {
  return html`<figure class="time" data-chart="${chart}" data-trace="${trace}">
<figcaption><h3>${title}</h3><p>${text}</p></figcaption>
<div class="controls"><label>${choice} <select autocomplete="off">${options.map(
    ([value, name]) => html`<option value="${value!}">${name!}</option>`,
  )}</select></label>
<output class="position"></output>
<button type="button" class="reset" hidden>Whole run</button></div>
<div class="plot" tabindex="0" role="img" aria-label="${title}: a chart over the operations of the trace; its figures stand in the legend after it"></div>
<div class="legend" role="group" aria-label="Lines shown"></div>
<noscript><p>This chart needs JavaScript; the tables and bars do not.</p></noscript>
</figure>`;
}

function sentences(texts: readonly string[]): Html | null {
  return texts.length === 0
    ? null
    : html`<p class="summary">${texts.map((text) => html`<span>${text}</span> `)}</p>`;
}
