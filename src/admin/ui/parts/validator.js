// A configuration to be checked: an editor with lines, and every fault with where and how to mend it.
import { html, useEffect, useRef, useState } from '../view.js';
import { post, sentence } from '../api.js';
import { useRest } from '../load.js';
import { Select } from './choice.js';
import { Card, Empty, Problem, Words } from './notice.js';
import { Icon } from './icon.js';
import { noteOf } from '../pages/config.js';
import { many } from '../words.js';

const FORMATS = [['yaml', 'YAML'], ['json', 'JSON'], ['json5', 'JSON5'], ['toml', 'TOML']];
const BEGIN = `listen: 127.0.0.1:3210
servers:
  files:
    command: npx
    args: [-y, "@modelcontextprotocol/server-filesystem", /data]
`;

export function Validator() {
  const [text, type] = useState(BEGIN);
  const [format, setFormat] = useState('yaml');
  const [told, tell] = useState({});
  const rested = useRest(text, 350);
  const area = useRef(null);
  useEffect(() => {
    const control = new AbortController();
    post('config/validate', { text: rested, format }, control.signal).then(
      (answer) => tell({ answer }),
      (fault) => { if (!control.signal.aborted) tell({ fault }); },
    );
    return () => control.abort();
  }, [rested, format]);
  const faults = told.answer?.faults ?? [];
  const jump = ({ line, column }) => {
    if (!line) return;
    const from = text.split('\n').slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + Math.max(0, (column ?? 1) - 1);
    area.current.focus();
    area.current.setSelectionRange(from, from);
    area.current.scrollTop = Math.max(0, (line - 4) * 20);
  };
  return html`<div class="grid-2 wide-left"><${Card} title="Configuration" hint="nothing is changed by checking it" aside=${html`<${Select} label="Format" options=${FORMATS} value=${format} choose=${setFormat} />`}>
      <${Editor} area=${area} text=${text} type=${type} faults=${faults} /><//>
    <${Card} title="What was found">${told.fault ? html`<${Problem} fault=${told.fault} />`
      : !told.answer ? html`<p class="faint">Checking…</p>`
      : html`<div aria-live="polite" data-testid="verdict" data-valid=${told.answer.valid ? 'yes' : 'no'}>
        ${told.answer.valid ? html`<${Empty} icon="check" title="It is valid">mcpvisor would start with it.<//>` : html`<p class="verdict ink-bad"><${Icon} name="cross" />${many(faults.length, 'fault')}</p>`}
        <ul class="faults">${faults.map((fault, index) => html`<li key=${index}><button class="fault" onClick=${() => jump(fault)} disabled=${!fault.line}>
          <span class="fault-where">${fault.line ? `Line ${fault.line}` : 'Whole file'}</span>
          <span><strong>${fault.key && html`<code>${fault.key}</code> `}<${Words} text=${fault.message} /></strong>${fault.remedy && html`<span class="fault-fix"><${Words} text=${sentence(fault.remedy)} /></span>`}</span></button></li>`)}</ul>
        ${(told.answer.notes ?? []).map((note, index) => html`<p key=${index} class="note tone-warn"><${Words} text=${noteOf(note)} /></p>`)}</div>`}<//></div>`;
}

/** Text with numbered lines; those with a fault are marked. */
function Editor({ area, text, type, faults }) {
  const gutter = useRef(null);
  const bad = new Map(faults.filter((fault) => fault.line).map((fault) => [fault.line, fault.message]));
  const lines = text.split('\n').length;
  const scroll = (event) => { gutter.current.scrollTop = event.target.scrollTop; };
  const key = (event) => {
    // Tab must leave the editor, so that nobody is caught in it
    if (event.key !== 'Enter' || event.shiftKey) return;
    const { selectionStart: at, value } = event.target;
    const indent = /^[ ]*/.exec(value.slice(value.lastIndexOf('\n', at - 1) + 1))[0];
    if (!indent) return;
    event.preventDefault();
    event.target.setRangeText(`\n${indent}`, at, event.target.selectionEnd, 'end');
    type(event.target.value);
  };
  return html`<div class="editor"><div class="gutter" ref=${gutter} aria-hidden="true">${Array.from({ length: lines }, (_, index) => html`<span key=${index} class=${bad.has(index + 1) ? 'gutter-bad' : ''} title=${bad.get(index + 1)}>${index + 1}</span>`)}</div>
    <textarea ref=${area} class="mono" aria-label="Configuration to check" spellcheck="false" wrap="off" value=${text} onInput=${(event) => type(event.target.value)} onScroll=${scroll} onKeyDown=${key}></textarea></div>`;
}
