// Two texts line by line: what was expected and is gone, what came instead.
import { html, useMemo } from '../view.js';

/** More lines than this are not compared one by one. */
const MOST = 600;
/** Equal lines kept around a difference. */
const AROUND = 3;

/** `[mark, line]` pairs: ` ` in both, `-` gone, `+` new. Pure. */
export function lines(before, after) {
  const [a, b] = [before.split('\n'), after.split('\n')];
  if (a.length > MOST || b.length > MOST) return before === after ? a.map((line) => [' ', line]) : [...a.map((line) => ['-', line]), ...b.map((line) => ['+', line])];
  const width = b.length + 1;
  const longest = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1 : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    }
  }
  const told = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { told.push([' ', a[i]]); i += 1; j += 1; } else if (j >= b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1])) { told.push(['-', a[i]]); i += 1; } else { told.push(['+', b[j]]); j += 1; }
  }
  return told;
}

const CLASSES = { ' ': '', '-': 'gone', '+': 'new' };

export function Difference({ before, after }) {
  const told = useMemo(() => lines(before, after), [before, after]);
  const same = before === after;
  const near = told.map(([mark], index) => mark !== ' ' || told.slice(Math.max(0, index - AROUND), index + AROUND + 1).some(([other]) => other !== ' '));
  return html`<pre class="code difference" tabindex="0">${told.map(([mark, line], index) => (same || near[index] ? html`<div key=${index} class=${CLASSES[mark]}>${mark} ${line}</div>`
    : !near[index - 1] && index > 0 ? null : html`<div key=${index} class="faint">  ⋯</div>`))}</pre>`;
}
