/** The script of report.html: what cannot be done when it is written. Without it the tables and bars still stand. */
import { drawCharts } from './charts.js';
import type { PageData } from './data.js';
import { makeSortable } from './sort.js';
import { showTips } from './tips.js';

for (const table of document.querySelectorAll<HTMLTableElement>('table.sortable')) makeSortable(table);
showTips();
drawCharts(JSON.parse(document.getElementById('data')!.textContent) as PageData);
