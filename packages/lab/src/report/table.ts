/** The tables of figures: allocators down, measures across, the best of each column marked; and what the measures mean. */

import { isSound, type Measurement } from '../metrics/measurement.js';
import { MEASURES, type Measure, type MeasureKey } from '../metrics/measures.js';
import type { OrderFragmentation } from '../metrics/orders.js';
import { significanceOf } from '../metrics/significance.js';
import { type Column, type Figure, figuresOf } from '../text/figures.js';
import { formatCount, formatFraction, formatNanoseconds, formatRatio, formatSize } from '../text/format.js';
import { type Html, html } from './html.js';
import { type AcrossTraces, acrossTraces } from './summary.js';
import { overhead, type TraceResults } from './traces.js';

/** The table of one trace. Click or Enter on a heading sorts. */
export function comparisonTable(trace: TraceResults): Html {
  const { measurements } = trace;
  const figures = figuresOf(COLUMNS, measurements, isSound);
  const rows = measurements.map(
    (measurement, i) => html`<tr>
${rowHead(measurement)}
${COLUMNS.map(({ key }, column) =>
  cell(figures[i]![column]!, {
    alarming: key === 'failed' && measurement.failed > 0,
    note: NOTES[key]?.(measurement, trace) ?? null,
  }),
)}</tr>`,
  );
  return sortableTable({
    caption: `Allocators compared on ${trace.name}. A star marks the best of a column. Below a time stand the quartiles of its rounds, between which half of them lie.`,
    heads: MEASURES,
    rows,
  });
}

const COLUMNS = MEASURES.map((measure): Column<Measurement> & Measure => ({
  ...measure,
  value: (measurement) => measurement[measure.key],
  format: (value) => formatMeasure(measure, value),
  ...significanceOf(measure, (measurement: Measurement) => measurement),
}));

interface OverviewColumn extends Column<AcrossTraces> {
  readonly better: 'lower';
  readonly note?: (row: AcrossTraces) => string | null;
  /** Whether anything but 0 is a reason to worry: shown only then. */
  readonly alarming?: boolean;
}

const OVERVIEW: readonly OverviewColumn[] = [
  {
    title: 'mean footprint',
    better: 'lower',
    value: ({ overhead }) => overhead?.mean ?? null,
    format: times,
    note: ({ measured, missing }) => (missing === 0 ? null : `on ${measured} of ${measured + missing}`),
  },
  {
    title: 'worst footprint',
    better: 'lower',
    value: ({ overhead }) => overhead?.worst ?? null,
    format: times,
    note: ({ overhead }) => overhead?.worstTrace ?? null,
  },
  {
    title: 'mean ns/op',
    better: 'lower',
    value: ({ nsPerOp }) => nsPerOp,
    range: ({ nsPerOpRange }) => nsPerOpRange ?? undefined,
    format: formatNanoseconds,
  },
  {
    title: 'failed',
    better: 'lower',
    value: ({ failed }) => failed,
    format: formatCount,
    alarming: true,
  },
];

function times(ratio: number): string {
  return `${formatRatio(ratio)} ×`;
}

/** All traces in one table: what an allocator costs on average and at worst. */
export function overviewTable(traces: readonly TraceResults[]): Html {
  const all = acrossTraces(traces);
  const columns = OVERVIEW.filter(({ alarming, value }) => !alarming || all.some((row) => value(row) !== 0));
  const figures = figuresOf(columns, all, ({ sound }) => sound);
  const rows = all.map(
    (row, i) =>
      html`<tr><th scope="row">${row.name}</th>${columns.map(({ note, alarming }, column) => {
        const figure = figures[i]![column]!;
        return cell(figure, {
          alarming: alarming === true && figure.value !== 0,
          note: note?.(row) ?? null,
        });
      })}</tr>`,
  );
  return sortableTable({
    caption:
      'Footprint as a multiple of the lower bound (the most bytes ever live), and time, over all traces. Means are geometric.',
    heads: columns,
    rows,
    className: 'overview',
  });
}

/** Linux's two indices for each allocator of which they tell something; null where there is none. */
export function ordersTable({ name, measurements }: TraceResults): Html | null {
  const tables = measurements.flatMap(({ allocator, freeOrders }) =>
    freeOrders === null ? [] : [ordersOf(`${allocator} on ${name}`, freeOrders)],
  );
  if (tables.length === 0) return null;
  return html`<h3>Free blocks by order</h3>
<p class="explanation">When the footprint was greatest. <b>Fragmentation index</b> (Linux’s extfrag): why a request of this size would fail; near 0, too little memory is free; near 1, the free memory is in pieces, and compaction or a larger unit helps. No figure: it would be served. <b>Unusable</b>: the share of the free bytes in blocks too small for it; high for the sizes you need means memory lies idle, so keep short-lived small blocks apart.</p>
${tables}`;
}

function ordersOf(what: string, orders: readonly OrderFragmentation[]): Html {
  const rows = orders.map(
    ({
      order,
      blockBytes,
      free,
      fragmentationIndex,
      unusableFreeIndex,
    }) => html`<tr><th scope="row">${order}</th>
${plainCell(blockBytes, formatSize(blockBytes))}
${plainCell(free, formatCount(free))}
${plainCell(fragmentationIndex, fragmentationIndex?.toFixed(3) ?? null)}
${plainCell(unusableFreeIndex, formatFraction(unusableFreeIndex))}</tr>`,
  );
  const caption = `Free blocks of ${what} by order`;
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}">
<table><caption><span>${what}</span></caption>
<thead><tr><th scope="col">order</th>${['block', 'free', 'fragmentation index', 'unusable'].map(
    (title) => html`<th scope="col" class="number">${title}</th>`,
  )}</tr></thead>
<tbody>${rows}</tbody></table>
</div>`;
}

/** Every option in force, given or not: with them the figures can be made again. */
export function settings({ measurements }: TraceResults): Html {
  return html`<details><summary>Settings in force</summary><ul class="settings">${measurements.map(
    ({ allocator, options }) =>
      html`<li><b>${allocator}</b> ${Object.entries(options)
        .map(([name, value]) => `${name}=${value}`)
        .join(', ')}</li>`,
  )}</ul></details>`;
}

/** What each column means and what to do about a bad figure. The tips at the headings read their text from here. */
export function measureList(): Html {
  return html`<dl class="measures">${MEASURES.map(
    (measure) => html`<div id="measure-${measure.key}">
<dt><b class="short">${measure.title}</b> ${measure.name} <span class="better">${measure.better} is better</span></dt>
<dd>${prose(measure.meaning)}</dd>
<dd class="advice">${prose(measure.advice)}</dd>
</div>`,
  )}</dl>`;
}

/** Text with commands between backticks. */
function prose(text: string): Html {
  return html`${text.split('`').map((part, i) => (i % 2 === 0 ? part : html`<code>${part}</code>`))}`;
}

interface Head {
  readonly title: string;
  /** Of the measure whose explanation is the tip, where it is one. */
  readonly key?: string;
  /** Which end a first click brings to the top. */
  readonly better: 'lower' | 'higher';
}

interface SortableTable {
  readonly caption: string;
  readonly heads: readonly Head[];
  readonly rows: readonly Html[];
  readonly className?: string;
}

function sortableTable(table: SortableTable): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${table.caption}">
<table class="${['sortable', table.className].filter(Boolean).join(' ')}">
<caption><span>${table.caption}</span></caption>
<thead><tr><th scope="col"><button type="button">allocator</button></th>${table.heads.map(
    ({ title, key, better }) =>
      html`<th scope="col" class="number" data-better="${better}">${
        key === undefined
          ? html`<button type="button">${title}</button>`
          : html`<button type="button" aria-describedby="measure-${key}">${title}</button>`
      }</th>`,
  )}</tr></thead>
<tbody>${table.rows}</tbody>
</table>
</div>`;
}

function rowHead({ allocator, title, verification }: Measurement): Html {
  return html`<th scope="row">${allocator}${
    verification?.fault ? html` <span class="fault">faulty</span>` : null
  }<small>${title}</small></th>`;
}

interface CellMarks {
  readonly alarming?: boolean;
  readonly note?: string | null;
}

function plainCell(value: number | null, text: string | null): Html {
  return cell({ value, text, best: false, aside: false }, {});
}

function cell({ value, text, best, aside }: Figure, { alarming, note }: CellMarks): Html {
  const classes = ['number', best && 'best', alarming && 'alarming', aside && 'aside']
    .filter(Boolean)
    .join(' ');
  if (value === null || text === null) {
    return html`<td class="${classes}" data-value=""><span class="none" title="not measured">–</span></td>`;
  }
  return html`<td class="${classes}" data-value="${value}">${
    best ? html`<span class="star" role="img" aria-label="best">★</span>` : null
  }${aside ? `(${text})` : text}${note ? html`<small>${note}</small>` : null}</td>`;
}

/** What stands below a figure, in small. */
const NOTES: Partial<Record<MeasureKey, (measurement: Measurement, trace: TraceResults) => string | null>> = {
  footprintBytes: boundNote,
  nsPerOp: ({ nsPerOpQ1, nsPerOpQ3 }) =>
    nsPerOpQ1 === null || nsPerOpQ3 === null
      ? null
      : `${formatNanoseconds(nsPerOpQ1)}–${formatNanoseconds(nsPerOpQ3)}`,
  externalFragmentation: ({ externalBytes }) => `of ${formatSize(externalBytes)}`,
};

function boundNote(measurement: Measurement, trace: TraceResults): string | null {
  const ratio = overhead(measurement, trace);
  return ratio === null || !isSound(measurement) ? null : `${formatRatio(ratio)} × bound`;
}

function formatMeasure({ unit, digits }: Measure, value: number): string {
  if (unit === 'bytes') return formatSize(value);
  if (unit === 'fraction') return formatFraction(value);
  if (unit === 'nanoseconds') return formatNanoseconds(value);
  return digits === 0 ? formatCount(value) : value.toFixed(digits);
}
