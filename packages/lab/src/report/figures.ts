/**
 * The figures that need no script: where the memory goes, and histograms. Bars are elements with a height or width in
 * per cent, so that they follow the width of the page while the labels keep their size.
 */

import type { Measurement } from '../metrics/measurement.js';
import { formatCompact, formatCount, formatFraction, formatSize } from '../text/format.js';
import type { Histogram, SizeHistogram } from '../trace/size-classes.js';
import { type Html, html } from './html.js';
import { type Breakdown, breakdown, type TraceResults } from './traces.js';

const PARTS: readonly (readonly [keyof Breakdown, string])[] = [
  ['live', 'requested and live'],
  ['internal', 'rounding, padding, headers'],
  ['external', 'free holes'],
  ['bookkeeping', 'bookkeeping outside'],
];

/** One stacked bar an allocator, all on one scale, with a line at the lower bound. */
export function breakdownFigure({ measurements, facts }: TraceResults): Html {
  const lowerBound = facts.peakLiveBytes;
  const widest = Math.max(...measurements.map(({ footprintBytes }) => footprintBytes), lowerBound, 1);
  return html`<figure>
<figcaption><h3>Where the memory goes</h3>
<p>Each footprint at its greatest, taken apart: when most is live of the moments within 1 % of the peak. The line is the lower bound, ${formatSize(lowerBound)}: the most bytes ever live at once.</p></figcaption>
<ul class="key">${PARTS.map(([part, name]) => html`<li><i class="part ${part}"></i>${name}</li>`)}</ul>
<ol class="stacks" style="--bound:${percent(lowerBound / widest)}">${measurements.map((measurement) => {
    const parts = breakdown(measurement);
    const ofMoment = measurement.atPeakFootprint.footprintBytes;
    const told = PARTS.map(
      ([part, name]) => `${name} ${formatSize(parts[part])} (${share(parts[part], ofMoment)})`,
    );
    return html`<li><span class="name">${measurement.allocator}</span>
<span class="stack" role="img" aria-label="${told.join(', ')}">${PARTS.map(
      ([part], i) =>
        html`<i class="part ${part}" style="width:${percent(parts[part] / widest)}" title="${told[i]!}"></i>`,
    )}</span>
<span class="total">${formatSize(measurement.footprintBytes)}</span></li>`;
  })}</ol>
</figure>`;
}

export function requestSizesFigure({ facts: { requestSizes } }: TraceResults): Html {
  const total = sum(requestSizes);
  const range = classRange([requestSizes]);
  const most = Math.max(...requestSizes, 1);
  return html`<figure>
<figcaption><h3>Sizes requested</h3>
<p>${formatCount(total)} requests by size, in powers of two; the height is on a log scale.</p></figcaption>
${bars({ range, most, labels: 8 }, `Requests by size: ${describe(requestSizes, 'requests')}`, [
  { name: 'requests', className: 'peak', counts: requestSizes },
])}
</figure>`;
}

/** Small charts, one an allocator, on the same two scales. */
export function freeSegmentsFigure({ measurements }: TraceResults): Html {
  const all = measurements.flatMap((m) => [m.freeAtPeakFootprint.counts, m.freeAtEnd.counts]);
  const scales = { range: classRange(all), most: Math.max(...all.flat(), 1), labels: 4 };
  return html`<figure>
<figcaption><h3>Free segments by size</h3>
<p>Holes below the highest byte ever needed, by size in powers of two; the height is on a log scale, the same for every allocator. Many small holes are memory that only small requests can use.</p></figcaption>
<ul class="key"><li><i class="bar peak"></i>when the footprint was greatest</li><li><i class="bar end"></i>after the last operation</li></ul>
<div class="panels">${measurements.map((measurement) => freePanel(measurement, scales))}</div>
</figure>`;
}

function freePanel(measurement: Measurement, scales: Scales): Html {
  const { allocator, freeAtPeakFootprint: peak, freeAtEnd: end } = measurement;
  const told = `${tellFree(peak)} at the greatest footprint, ${tellFree(end)} at the end`;
  return html`<section class="panel"><h4>${allocator}</h4><p>${told}</p>
${bars(scales, `Free segments of ${allocator}: ${told}`, [
  { name: 'when the footprint was greatest', className: 'peak', counts: peak.counts, bytes: peak.bytes },
  { name: 'at the end', className: 'end', counts: end.counts, bytes: end.bytes },
])}</section>`;
}

function tellFree({ counts, bytes }: SizeHistogram): string {
  const count = sum(counts);
  return count === 0 ? 'none' : `${formatCount(count)} (${formatSize(sum(bytes))})`;
}

interface Bars {
  readonly name: string;
  readonly className: string;
  readonly counts: Histogram;
  readonly bytes?: readonly number[];
}

interface ClassRange {
  readonly first: number;
  readonly last: number;
}

interface Scales {
  readonly range: ClassRange;
  /** The greatest count. */
  readonly most: number;
  /** How many sizes there is room for below; half as many on a narrow screen. */
  readonly labels: number;
}

function bars({ range, most, labels }: Scales, label: string, series: readonly Bars[]): Html {
  const classes = Array.from({ length: range.last - range.first + 1 }, (_, i) => range.first + i);
  const every = Math.ceil(classes.length / labels);
  const fits = (i: number) => i === 0 || i + every <= classes.length;
  return html`<div class="histogram" role="img" aria-label="${label}">
<div class="grid">${decades(most).map(
    (count) => html`<span style="bottom:${percent(logHeight(count, most))}">${formatCompact(count)}</span>`,
  )}</div>
<div class="bars">${classes.map(
    (k) =>
      html`<div>${series.map(({ name, className, counts, bytes }) => {
        const count = counts[k] ?? 0;
        if (count === 0) return html`<i></i>`;
        const sizes = bytes === undefined ? '' : `, ${formatSize(bytes[k] ?? 0)}`;
        return html`<i class="bar ${className}" style="height:${percent(logHeight(count, most))}" title="${fullClass(k)}: ${formatCount(count)} ${name}${sizes}"></i>`;
      })}</div>`,
  )}</div>
<div class="sizes">${classes.map((k, i) => {
    if (i % every !== 0 || !fits(i)) return html`<span></span>`;
    return html`<span class="${(i / every) % 2 === 0 ? 'first' : 'second'}">${shortClass(k)}</span>`;
  })}</div>
</div>`;
}

/** 0 for half a one, so that a single one still shows; 1 for the most. */
function logHeight(count: number, most: number): number {
  return Math.log(2 * count) / Math.log(2 * most);
}

/** 1, 10, 100 … up to `most`, thinned to at most five. */
function decades(most: number): number[] {
  const powers = Math.floor(Math.log10(most) + 1e-9);
  const every = Math.ceil((powers + 1) / 5);
  return Array.from({ length: Math.floor(powers / every) + 1 }, (_, i) => 10 ** (i * every));
}

function classRange(histograms: readonly Histogram[]): ClassRange {
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  for (const counts of histograms) {
    counts.forEach((count, k) => {
      if (count === 0) return;
      first = Math.min(first, k);
      last = Math.max(last, k);
    });
  }
  return { first: Math.min(first, last), last };
}

/** Class k holds the sizes from 2^(k-1) to 2^k - 1, class 0 the zeros. */
function fullClass(k: number): string {
  if (k <= 1) return `${k} B`;
  const first = formatSize(2 ** (k - 1));
  return k <= 10 ? `${2 ** (k - 1)}–${2 ** k - 1} B` : `${first} to less than ${formatSize(2 ** k)}`;
}

function shortClass(k: number): string {
  return k === 0 ? '0' : formatSize(2 ** (k - 1));
}

function describe(counts: Histogram, what: string): string {
  const total = sum(counts);
  if (total === 0) return `no ${what}`;
  const top = counts.indexOf(Math.max(...counts));
  return `${formatCount(total)} ${what}, most often ${fullClass(top)} (${share(counts[top]!, total)}), at most ${fullClass(counts.length - 1)}`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function share(part: number, whole: number): string {
  return formatFraction(whole === 0 ? 0 : part / whole);
}

function percent(fraction: number): string {
  return `${Number((100 * fraction).toFixed(2))}%`;
}
