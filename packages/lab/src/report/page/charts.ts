/** The charts over time: every allocator in one, and one allocator taken apart. */

import { formatCount, formatSize } from '../../text/format.js';
import {
  NO_VALUE,
  type PackedAllocator,
  type PackedColumn,
  type PackedRange,
  type PackedTrace,
  type PageData,
} from '../page-data.js';
import { type ChartLine, TimeChart } from './chart.js';

type Column = (number | null)[];

/** Colours that remain apart for the colour-blind, then the same ones in other strokes. */
const COLOURS = 6;
const DASHES: readonly (readonly number[])[] = [[], [9, 4], [2, 3]];

export function drawCharts({ columns, traces }: PageData): void {
  const unpacked = columns.map(unpack);
  traces.forEach((trace, i) => {
    drawAll(figure('all', i), trace, unpacked);
    drawOne(figure('one', i), trace, unpacked);
  });
}

function figure(chart: string, trace: number): HTMLElement {
  return document.querySelector<HTMLElement>(`[data-chart="${chart}"][data-trace="${trace}"]`)!;
}

function unpack({ step, data }: PackedColumn): Column {
  const bytes = Uint8Array.from(atob(data), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 2 }, (_, i) => {
    const level = view.getUint16(i * 2, true);
    return level === NO_VALUE ? null : level * step;
  });
}

/** Every allocator's greatest value in each stretch; the live bytes, which none can go below, with them. */
function drawAll(root: HTMLElement, trace: PackedTrace, columns: readonly Column[]): void {
  const byAllocator = (range: (allocator: PackedAllocator) => PackedRange): ChartLine[] =>
    trace.allocators.map((allocator, i) => ({
      name: allocator.name,
      values: columns[range(allocator).max]!,
      colour: `--series-${(i % COLOURS) + 1}`,
      dash: DASHES[Math.floor(i / COLOURS) % DASHES.length]!,
    }));
  const live: ChartLine = {
    name: 'live bytes',
    values: trace.allocators.map(({ live }) => columns[live.max]!).reduce(greater),
    colour: '--ink',
    dash: [1, 3],
  };
  const chart = new TimeChart(root, trace.operation);
  const show = (quantity: string) => {
    if (quantity === 'segments')
      chart.show(
        byAllocator((each) => each.freeSegments),
        formatCount,
        1,
      );
    else chart.show([live, ...byAllocator((each) => each.footprint)], formatSize, 2);
  };
  const choice = root.querySelector('select')!;
  choice.addEventListener('change', () => show(choice.value));
  show(choice.value);
}

/** One allocator: requested, granted and held, each as a line at the greatest value and a band down to the least. */
function drawOne(root: HTMLElement, trace: PackedTrace, columns: readonly Column[]): void {
  const chart = new TimeChart(root, trace.operation);
  const line = (
    name: string,
    { min, max }: PackedRange,
    colour: string,
    dash: readonly number[],
  ): ChartLine => ({
    name,
    values: columns[max]!,
    least: columns[min]!,
    colour,
    dash,
  });
  const choice = root.querySelector('select')!;
  const show = () => {
    const { footprint, granted, live } = trace.allocators[Number(choice.value)]!;
    chart.show(
      [
        line('footprint', footprint, '--part-external', []),
        line('granted', granted, '--part-internal', [9, 4]),
        line('requested', live, '--part-live', [2, 3]),
      ],
      formatSize,
      2,
    );
  };
  choice.addEventListener('change', show);
  show();
}

function greater(a: Column, b: Column): Column {
  return a.map((value, i) => (value === null || (b[i] ?? 0) > value ? b[i]! : value));
}
