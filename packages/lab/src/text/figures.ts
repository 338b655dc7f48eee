/** Tables of figures: what a column shows of a row, and which of its figures is the best. */

export interface Column<Row> {
  readonly title: string;
  /** Null where no figure of the column is better than another. */
  readonly better: 'lower' | 'higher' | null;
  /** Null where the row has no figure. */
  value(row: Row): number | null;
  format(value: number): string;
  /** Present where only the best value is marked, although others may be printed alike. */
  readonly exact?: true;
}

export interface Figure {
  readonly value: number | null;
  /** As printed; null where there is no figure. */
  readonly text: string | null;
  /** Whether it is the best of its column. */
  readonly best: boolean;
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
  const comparable = rows.filter(compares);
  const best = columns.map((column) => bestOf(column, comparable));
  return rows.map((row) =>
    columns.map((column, i) => {
      const value = column.value(row);
      if (value === null) return { value, text: null, best: false };
      return {
        value,
        text: column.format(value),
        best: compares(row) && keyOf(column, value) === best[i],
      };
    }),
  );
}

/** Null where there are no two different figures. */
function bestOf<Row>(column: Column<Row>, rows: readonly Row[]): string | number | null {
  if (column.better === null) return null;
  const values = rows.flatMap((row) => column.value(row) ?? []);
  if (new Set(values.map((value) => keyOf(column, value))).size < 2) return null;
  return keyOf(column, column.better === 'lower' ? Math.min(...values) : Math.max(...values));
}

/** What is the same for figures that are marked alike. */
function keyOf<Row>({ exact, format }: Column<Row>, value: number): string | number {
  return exact ? value : format(value);
}
