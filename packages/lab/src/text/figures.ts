/** Tables of figures: what a column shows of a row, and which of its figures is the best. */

export interface Column<Row> {
  readonly title: string;
  /** Null where no figure of the column is better than another. */
  readonly better: 'lower' | 'higher' | null;
  /** Null where the row has no figure. */
  value(row: Row): number | null;
  format(value: number): string;
  /**
   * Between which values the figure lies, where chance has a part in it: it is the best only where its range lies apart
   * from all others.
   */
  range?(row: Row): readonly [low: number, high: number] | undefined;
  /** Whether the row's figure says too little to compare: it is shown as an aside and never the best. */
  aside?(row: Row): boolean;
  /** Present where only the best value is marked, although others may be printed alike. */
  readonly exact?: true;
}

export interface Figure {
  readonly value: number | null;
  /** As printed; null where there is no figure. */
  readonly text: string | null;
  /** Whether it is the best of its column. */
  readonly best: boolean;
  readonly aside: boolean;
}

/**
 * The figures of each row. What is printed like the best of its column is the best too; none is where all are alike.
 * @param compares whether a row takes part: figures of a run that was not served in full are never the best
 */
export function figuresOf<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  compares: (row: Row) => boolean = () => true,
): Figure[][] {
  const bests = columns.map((column) =>
    bestRows(
      column,
      rows.filter((row) => compares(row) && column.value(row) !== null && !column.aside?.(row)),
    ),
  );
  return rows.map((row) =>
    columns.map((column, i) => {
      const value = column.value(row);
      if (value === null) return { value, text: null, best: false, aside: false };
      return {
        value,
        text: column.format(value),
        best: bests[i]!.has(row),
        aside: column.aside?.(row) ?? false,
      };
    }),
  );
}

/** Of rows with figures. None where there are no two different figures. */
function bestRows<Row>(column: Column<Row>, rows: readonly Row[]): ReadonlySet<Row> {
  if (column.better === null || rows.length < 2) return new Set();
  const values = rows.map((row) => column.value(row)!);
  const best = column.better === 'lower' ? Math.min(...values) : Math.max(...values);
  const alike = (row: Row) => keyOf(column, column.value(row)!) === keyOf(column, best);
  const leaders = rows.filter(alike);
  if (leaders.length === rows.length) return new Set();
  if (column.range === undefined) return new Set(leaders);
  return contendersOf(column, rows).length === 1 ? new Set(leaders) : new Set();
}

/**
 * Of rows with figures, the least first, those that chance may have kept from being the least: their ranges overlap its
 * own. A row without a range is a range of one value.
 */
export function contendersOf<Row>(
  { value, range }: Pick<Column<Row>, 'value' | 'range'>,
  rows: readonly Row[],
): Row[] {
  const sorted = rows.toSorted((a, b) => value(a)! - value(b)!);
  const [least] = sorted;
  if (least === undefined) return [];
  const highest = range?.(least)?.[1] ?? value(least)!;
  return sorted.filter((row) => row === least || (range?.(row)?.[0] ?? value(row)!) <= highest);
}

/** What is the same for figures that are marked alike. */
function keyOf<Row>({ exact, format }: Column<Row>, value: number): string | number {
  return exact ? value : format(value);
}
