/**
 * A chart over the operations of a trace, drawn by uPlot, with a legend of its own: check boxes that show and hide
 * lines, the figures under the pointer beside them. The arrow keys move the pointer where there is no mouse.
 */
import UPlot from 'uplot';
import { formatCompact, formatCount } from '../../text/format.js';

export interface ChartLine {
  readonly name: string;
  /** One an operation of the chart; null where there is none. */
  readonly values: (number | null)[];
  /** Where given, a band reaches from the line down to these. */
  readonly least?: (number | null)[];
  /** A custom property of the style sheet. */
  readonly colour: string;
  readonly dash: readonly number[];
}

const HEIGHT = 320;
const HEIGHT_NARROW = 240;
const NARROW = 600;

export class TimeChart {
  readonly #operation: number[];
  readonly #plot: HTMLElement;
  readonly #legend: HTMLElement;
  readonly #position: HTMLElement;
  readonly #reset: HTMLButtonElement;
  readonly #hidden = new Set<string>();
  #chart: UPlot | null = null;
  #lines: readonly ChartLine[] = [];
  #figures: HTMLElement[] = [];
  #format: (value: number) => string = formatCount;

  constructor(root: HTMLElement, operation: readonly number[]) {
    this.#operation = [...operation];
    this.#plot = root.querySelector<HTMLElement>('.plot')!;
    this.#legend = root.querySelector<HTMLElement>('.legend')!;
    this.#position = root.querySelector<HTMLElement>('.position')!;
    this.#reset = root.querySelector<HTMLButtonElement>('.reset')!;
    this.#reset.addEventListener('click', () => this.#chart?.setData(this.#chart.data, true));
    this.#plot.addEventListener('keydown', (event) => this.#step(event));
    new ResizeObserver(() => this.#chart?.setSize(this.#size())).observe(this.#plot);
    // Colours are read when drawn: again when the system turns dark, or paper is light.
    for (const query of ['(prefers-color-scheme: dark)', 'print']) {
      matchMedia(query).addEventListener('change', () => this.#chart?.redraw(false, true));
    }
  }

  /**
   * Draws these lines instead of the ones before; names that were hidden stay hidden.
   * @param base of the steps of the scale: powers of 2 suit bytes; 1 stands for whole numbers, decimal
   */
  show(lines: readonly ChartLine[], format: (value: number) => string, base: 1 | 2): void {
    this.#chart?.destroy();
    this.#lines = lines;
    this.#format = format;
    const bands: UPlot.Band[] = [];
    const series: UPlot.Series[] = [{}];
    const data: (number | null)[][] = [this.#operation];
    for (const line of lines) {
      data.push(line.values);
      series.push({
        label: line.name,
        show: !this.#hidden.has(line.name),
        stroke: () => colourOf(line.colour),
        width: 2,
        dash: [...line.dash],
        points: { show: this.#operation.length === 1 },
      });
    }
    for (const [i, line] of lines.entries()) {
      if (line.least === undefined) continue;
      bands.push({ series: [i + 1, data.length], fill: () => `${colourOf(line.colour)}33` });
      data.push(line.least);
      series.push({
        show: !this.#hidden.has(line.name),
        stroke: 'transparent',
        width: 0,
        points: { show: false },
      });
    }
    const options: UPlot.Options = {
      ...this.#size(),
      series,
      bands,
      legend: { show: false },
      focus: { alpha: 0.25 },
      cursor: { focus: { prox: 24 }, drag: { x: true, y: false }, points: { size: 7 } },
      scales: {
        x: { time: false },
        y: { range: (_chart, _least, greatest) => [0, greatest > 0 ? greatest * 1.05 : 1] },
      },
      axes: [
        axis({ space: 90, size: 34, values: (_chart, marks) => marks.map(formatCompact) }),
        this.#valueAxis(base),
      ],
      hooks: {
        setCursor: [(chart) => this.#tell(chart.cursor.idx ?? null)],
        setScale: [(chart) => this.#offerReset(chart)],
      },
    };
    this.#chart = new UPlot(options, data as UPlot.AlignedData, this.#plot);
    this.#buildLegend();
    this.#tell(null);
  }

  #valueAxis(base: 1 | 2): UPlot.Axis {
    const steps = base === 2 ? { incrs: Array.from({ length: 53 }, (_, i) => 2 ** i) } : {};
    return axis({ ...steps, size: 76, values: (_chart, marks) => marks.map(this.#format) });
  }

  #size(): { width: number; height: number } {
    const width = Math.max(this.#plot.clientWidth, 240);
    return { width, height: width < NARROW ? HEIGHT_NARROW : HEIGHT };
  }

  #buildLegend(): void {
    this.#figures = [];
    const entries = this.#lines.map((line, i) => {
      const box = document.createElement('input');
      box.type = 'checkbox';
      box.checked = !this.#hidden.has(line.name);
      box.addEventListener('change', () => this.#toggle(i, box.checked));
      const figure = document.createElement('output');
      this.#figures.push(figure);
      const name = document.createElement('span');
      name.textContent = line.name;
      const label = document.createElement('label');
      label.append(box, swatch(line), name, figure);
      label.addEventListener('pointerenter', () => this.#chart?.setSeries(i + 1, { focus: true }));
      label.addEventListener('pointerleave', () => this.#chart?.setSeries(null, { focus: true }));
      return label;
    });
    this.#legend.replaceChildren(...entries);
  }

  #toggle(line: number, shown: boolean): void {
    const { name } = this.#lines[line]!;
    if (shown) this.#hidden.delete(name);
    else this.#hidden.add(name);
    this.#chart!.setSeries(line + 1, { show: shown });
    // Bands stand after all lines, in the order of the lines that have one.
    if (this.#lines[line]!.least !== undefined) {
      const before = this.#lines.slice(0, line).filter(({ least }) => least !== undefined).length;
      this.#chart!.setSeries(this.#lines.length + 1 + before, { show: shown });
    }
  }

  /** The figures at one place of the x axis; the peaks where there is no pointer. */
  #tell(place: number | null): void {
    this.#position.textContent = place === null ? 'the peaks' : this.#stretch(place);
    this.#lines.forEach(({ values, least }, i) => {
      const value = place === null ? greatest(values) : values[place]!;
      const low = place === null ? null : (least?.[place] ?? null);
      const text = value === null ? '–' : this.#format(value);
      const lowText = low === null ? text : this.#format(low);
      this.#figures[i]!.textContent = lowText === text ? text : `${lowText} – ${text}`;
    });
  }

  #stretch(place: number): string {
    const first = place === 0 ? 1 : this.#operation[place - 1]! + 1;
    return `operations ${formatCount(first)} to ${formatCount(this.#operation[place]!)}`;
  }

  #offerReset(chart: UPlot): void {
    const { x } = chart.scales;
    this.#reset.hidden = (x?.min ?? 0) <= this.#operation[0]! && (x?.max ?? 0) >= this.#operation.at(-1)!;
  }

  #step(event: KeyboardEvent): void {
    const chart = this.#chart;
    const last = this.#operation.length - 1;
    const from = chart?.cursor.idx ?? -1;
    const pages = Math.ceil(last / 20);
    const targets = new Map([
      ['ArrowLeft', from - 1],
      ['ArrowRight', from + 1],
      ['PageUp', from - pages],
      ['PageDown', from + pages],
      ['Home', 0],
      ['End', last],
    ]);
    const target = targets.get(event.key);
    if (chart === null || target === undefined) return;
    event.preventDefault();
    const place = Math.min(Math.max(target, 0), last);
    chart.setCursor({ left: chart.valToPos(this.#operation[place]!, 'x'), top: 0 });
  }
}

function axis(options: UPlot.Axis): UPlot.Axis {
  const lines = { stroke: () => colourOf('--line'), width: 1 };
  return {
    stroke: () => colourOf('--muted'),
    font: '12px system-ui, sans-serif',
    grid: lines,
    ticks: lines,
    ...options,
  };
}

function colourOf(property: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(property).trim();
}

const SVG = 'http://www.w3.org/2000/svg';

/** A piece of the line itself, dashes and all, so that colour alone need not tell it. */
function swatch({ colour, dash }: ChartLine): SVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 32 8');
  svg.ariaHidden = 'true';
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', 'M0 4H32');
  path.style.stroke = `var(${colour})`;
  path.style.strokeDasharray = dash.join(' ');
  svg.append(path);
  return svg;
}

function greatest(values: readonly (number | null)[]): number | null {
  return values.reduce((most, value) => (value !== null && value > (most ?? -1) ? value : most), null);
}
