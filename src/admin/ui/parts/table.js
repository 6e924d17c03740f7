// Tables whose columns sort, and whose rows the arrow keys walk.
import { html, useState } from '../view.js';
import { Icon } from './icon.js';

/** `columns`: `{ key, name, value(row), show(row), num, wide, hint }`. */
export function Table({ columns, rows, rowKey, sort: first, rowClass, label, testid }) {
  const [sort, setSort] = useState(first ?? { key: columns[0].key, down: false });
  const column = columns.find((one) => one.key === sort.key) ?? columns[0];
  const value = column.value ?? ((row) => row[column.key]);
  const sorted = [...rows].sort((a, b) => order(value(a), value(b), sort.down));
  const turn = (key, num) => setSort((was) => ({ key, down: was.key === key ? !was.down : Boolean(num) }));
  return html`<div class="table-wrap"><table class="table" aria-label=${label} data-testid=${testid} onKeyDown=${walk}>
    <thead><tr>${columns.map(({ key, name, num, hint, plain, narrow }) => html`<th key=${key} scope="col" class=${`${num ? 'num' : ''} ${narrow ? 'narrow-gone' : ''}`} title=${hint}
      aria-sort=${sort.key === key ? (sort.down ? 'descending' : 'ascending') : undefined}>
      ${plain ? html`<span class=${plain === 'unseen' ? 'unseen' : ''}>${name}</span>` : html`<button class="sort" onClick=${() => turn(key, num)}>${name}<${Icon} name="chevron" size=${12}
        class=${sort.key === key ? (sort.down ? 'sorted' : 'sorted sorted-up') : 'unsorted'} /></button>`}</th>`)}</tr></thead>
    <tbody>${sorted.map((row) => html`<tr key=${rowKey(row)} class=${rowClass?.(row) ?? ''}>
      ${columns.map(({ key, show, num, narrow }) => html`<td key=${key} class=${`${num ? 'num' : ''} ${narrow ? 'narrow-gone' : ''}`}>${show ? show(row) : row[key]}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** What is missing comes last, whichever way. */
function order(a, b, down) {
  const [noA, noB] = [a === null || a === undefined, b === null || b === undefined];
  if (noA || noB) return noA - noB;
  const by = typeof a === 'number' ? a - b : String(a).localeCompare(String(b));
  return down ? -by : by;
}

/** Arrow keys move among what is marked `data-row` within a list. */
export function walk(event) {
  const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
  const from = event.target.closest?.('[data-row]');
  if (!step || !from || event.target !== from) return;
  const all = [...event.currentTarget.querySelectorAll('[data-row]')];
  const at = Math.min(all.length - 1, Math.max(0, all.indexOf(from) + step));
  event.preventDefault();
  all[at].focus();
}
