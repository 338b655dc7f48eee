/** The tables of figures: allocators down, measures across, the best of each column marked; and what the measures mean. */
import { MEASURES, type Measure, type Measurement } from '../metrics/measurement.js';
import { type Html, html } from './html.js';
import { formatBytes, formatCount, formatFraction, formatNanoseconds, formatRatio } from './page/format.js';
import { type AcrossTraces, acrossTraces } from './summary.js';
import { isSound, overhead, type TraceResults } from './traces.js';

/** The table of one trace. Click or Enter on a heading sorts. */
export function comparisonTable(trace: TraceResults): Html {
  const best = new Map(MEASURES.map((measure) => [measure.key, bestOf(measure, trace.measurements)]));
  const rows = trace.measurements.map(
    (measurement) => html`<tr>
${rowHead(measurement)}
${MEASURES.map((measure) => {
  const value = measurement[measure.key];
  const leads = isSound(measurement) && value !== null && value === best.get(measure.key);
  const alarming = measure.key === 'failed' && measurement.failed > 0;
  return cell(value, formatMeasure(measure, value), {
    best: leads,
    alarming,
    note: measure.key === 'footprintBytes' ? boundNote(measurement, trace) : null,
  });
})}</tr>`,
  );
  return sortableTable({
    caption: `Allocators compared on ${trace.name}. A star marks the best of a column.`,
    heads: MEASURES.map((measure) => ({ title: measure.title, key: measure.key, better: measure.better })),
    rows,
  });
}

/** All traces in one table: what an allocator costs on average and at worst. */
export function overviewTable(traces: readonly TraceResults[]): Html {
  const all = acrossTraces(traces);
  const sound = all.filter((row) => row.sound);
  const mean = leastOf(sound.map((row) => row.overhead?.mean ?? null));
  const worst = leastOf(sound.map((row) => row.overhead?.worst ?? null));
  const time = leastOf(sound.map((row) => row.nsPerOp));
  const ratio = (value: number | null, best: number | null, row: AcrossTraces, note: string | null) =>
    cell(value, value === null ? null : `${formatRatio(value)} ×`, {
      best: row.sound && value !== null && value === best,
      note,
    });
  const rows = all.map(
    (row) => html`<tr><th scope="row">${row.name}</th>
${ratio(row.overhead?.mean ?? null, mean, row, null)}
${ratio(row.overhead?.worst ?? null, worst, row, row.overhead?.worstTrace ?? null)}
${cell(row.nsPerOp, row.nsPerOp === null ? null : formatNanoseconds(row.nsPerOp), {
  best: row.sound && row.nsPerOp !== null && row.nsPerOp === time,
})}
${cell(row.failed, formatCount(row.failed), { alarming: row.failed > 0 })}</tr>`,
  );
  return sortableTable({
    caption:
      'Footprint as a multiple of the lower bound (the most bytes ever live), and time, over all traces. Means are geometric.',
    heads: [
      { title: 'mean footprint', better: 'lower' },
      { title: 'worst footprint', better: 'lower' },
      { title: 'mean ns/op', better: 'lower' },
      { title: 'failed', better: 'lower' },
    ],
    rows,
  });
}

/** What each column means and what to do about a bad figure. The tips at the headings read their text from here. */
export function measureList(): Html {
  return html`<dl class="measures">${MEASURES.map(
    (measure) => html`<div id="measure-${measure.key}">
<dt><b class="short">${measure.title}</b> ${measure.name} <span class="better">${measure.better} is better</span></dt>
<dd>${measure.meaning}</dd>
<dd class="advice">${measure.advice}</dd>
</div>`,
  )}</dl>`;
}

interface Head {
  readonly title: string;
  /** Of the measure whose explanation is the tip, where it is one. */
  readonly key?: string;
  /** Which end a first click brings to the top. */
  readonly better: 'lower' | 'higher';
}

function sortableTable(table: { caption: string; heads: readonly Head[]; rows: readonly Html[] }): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-label="${table.caption}">
<table class="sortable">
<caption>${table.caption}</caption>
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

function rowHead(measurement: Measurement): Html {
  const { allocator, title, options, verification } = measurement;
  const chosen = Object.entries(options).map(([name, value]) => `${name}=${value}`);
  return html`<th scope="row">${allocator}${
    verification?.fault ? html` <span class="fault">faulty</span>` : null
  }<small>${[title, ...chosen].join(' · ')}</small></th>`;
}

interface CellMarks {
  readonly best?: boolean;
  readonly alarming?: boolean;
  readonly note?: string | null;
}

function cell(value: number | null, text: string | null, { best, alarming, note }: CellMarks): Html {
  const classes = ['number', best ? 'best' : '', alarming ? 'alarming' : ''].filter(Boolean).join(' ');
  if (value === null || text === null) {
    return html`<td class="${classes}" data-value=""><span class="none" title="not measured">–</span></td>`;
  }
  return html`<td class="${classes}" data-value="${value}">${
    best ? html`<span class="star" role="img" aria-label="best">★</span>` : null
  }${text}${note ? html`<small>${note}</small>` : null}</td>`;
}

function boundNote(measurement: Measurement, trace: TraceResults): string | null {
  const ratio = overhead(measurement, trace);
  return ratio === null || !isSound(measurement) ? null : `${formatRatio(ratio)} × bound`;
}

/** Null where there is nothing to tell apart. */
function bestOf({ key, better }: Measure, measurements: readonly Measurement[]): number | null {
  const values = measurements.filter(isSound).map((measurement) => measurement[key]);
  if (better === 'lower') return leastOf(values);
  const greatest = leastOf(values.map((value) => (value === null ? null : -value)));
  return greatest === null ? null : -greatest;
}

function leastOf(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  if (new Set(present).size < 2) return null;
  return Math.min(...present);
}

function formatMeasure({ unit }: Measure, value: number | null): string | null {
  if (value === null) return null;
  if (unit === 'bytes') return formatBytes(value);
  if (unit === 'fraction') return formatFraction(value);
  if (unit === 'nanoseconds') return formatNanoseconds(value);
  return formatCount(value);
}
