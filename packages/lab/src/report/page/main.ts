/** The script of report.html: what cannot be done when it is written. Without it the tables and bars still stand. */
import 'uplot/dist/uPlot.min.css';
import './style.css';
import type { PageData } from '../page-data.js';
import { drawCharts } from './charts.js';
import { makeSortable } from './sort.js';
import { showTips } from './tips.js';

for (const table of document.querySelectorAll<HTMLTableElement>('table.sortable')) makeSortable(table);
showTips();
drawCharts(JSON.parse(document.getElementById('data')!.textContent) as PageData);
