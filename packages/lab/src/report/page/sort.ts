/** Tables that sort by the column whose heading is pressed; again, the other way round. */

/** Rows sort by their cells' `data-value`, by text where there is none. What was not measured stays at the bottom. */
export function makeSortable(table: HTMLTableElement): void {
  const heads = [...table.tHead!.rows[0]!.cells];
  heads.forEach((head, column) => {
    head.querySelector('button')!.addEventListener('click', () => {
      const { better } = head.dataset;
      const ascending = head.ariaSort ? head.ariaSort === 'descending' : better !== 'higher';
      for (const other of heads) other.ariaSort = null;
      head.ariaSort = ascending ? 'ascending' : 'descending';
      sortRows(table.tBodies[0]!, column, ascending);
    });
  });
}

function sortRows(body: HTMLTableSectionElement, column: number, ascending: boolean): void {
  const rows = [...body.rows].map((row) => ({ row, value: sortKey(row.cells[column]!) }));
  rows.sort((a, b) => {
    if (a.value === null || b.value === null) return Number(a.value === null) - Number(b.value === null);
    const order =
      typeof a.value === 'number' && typeof b.value === 'number'
        ? a.value - b.value
        : String(a.value).localeCompare(String(b.value));
    return ascending ? order : -order;
  });
  body.append(...rows.map(({ row }) => row));
}

function sortKey(cell: HTMLTableCellElement): number | string | null {
  const { value } = cell.dataset;
  if (value === undefined) return cell.textContent;
  return value === '' ? null : Number(value);
}
