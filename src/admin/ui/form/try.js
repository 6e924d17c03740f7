// Trying a tool: a form from its schema or plain JSON, then what came back, how long it took, and its frames.
import { html, useMemo, useRef, useState } from '../view.js';
import { part, post } from '../api.js';
import { Card, Empty, Problem } from '../parts/notice.js';
import { Choice } from '../parts/choice.js';
import { Icon } from '../parts/icon.js';
import { Outcome } from '../parts/badge.js';
import { Frames } from '../parts/frames.js';
import { Code, pretty } from '../parts/json.js';
import { Field } from './field.js';
import { faults, initial, kind, sent, settled } from './schema.js';
import { to } from '../router.js';
import { many, span } from '../words.js';

const NOTHING = new Map();

export function Try({ tool }) {
  const schema = useMemo(() => ({ type: 'object', properties: {}, ...settled(tool.inputSchema ?? {}, tool.inputSchema) }), [tool.name]);
  const shaped = kind(schema) === 'object';
  const [mode, setMode] = useState(shaped ? 'form' : 'json');
  const [value, change] = useState(() => (shaped ? initial(schema, schema) ?? {} : {}));
  const [text, type] = useState('{}');
  const [touched, touch] = useState(false);
  const [run, setRun] = useState({ busy: false });
  const control = useRef(null);
  const form = useRef(null);
  const wrong = mode === 'form' ? faults(schema, schema, value) : NOTHING;
  const turn = (next) => {
    if (next === 'json') type(JSON.stringify(sent(value), null, 2));
    else try { change(JSON.parse(text)); } catch { return; }
    setMode(next);
  };
  const go = async (event) => {
    event.preventDefault();
    touch(true);
    if (wrong.size) { requestAnimationFrame(() => form.current?.querySelector('[aria-invalid]')?.focus()); return; }
    let given;
    try { given = mode === 'form' ? sent(value) : JSON.parse(text || '{}'); } catch (error) {
      setRun({ fault: { message: 'The arguments are no JSON.', remedy: String(error.message) } });
      return;
    }
    control.current = new AbortController();
    setRun({ busy: true });
    try { setRun({ answer: await post(`tools/${part(tool.name)}/call`, { arguments: given }, control.current.signal) }); } catch (fault) {
      setRun(fault.name === 'AbortError' ? { busy: false } : { fault });
    }
  };
  const empty = shaped && Object.keys(schema.properties).length === 0;
  return html`<div class="grid-2 try"><${Card} title="Try it" aside=${html`<${Choice} label="How to give the arguments" options=${[['form', 'Form'], ['json', 'JSON']]} value=${mode} choose=${turn} />`}>
      <form onSubmit=${go} ref=${form} noValidate data-testid="try-form">
        ${mode === 'json' ? html`<label class="field"><span>Arguments</span><textarea class="input mono" rows="12" spellcheck="false" value=${text} onInput=${(event) => type(event.target.value)}></textarea></label>`
          : empty ? html`<p class="faint">This tool takes no arguments.</p>`
          : html`<${Field} name="arguments" schema=${schema} root=${schema} value=${value} change=${change} required path="" faults=${touched ? wrong : NOTHING} alone />`}
        <div class="form-foot"><button class="button primary" disabled=${run.busy || !tool.available || !tool.enabled}><${Icon} name=${run.busy ? 'spinner' : 'play'} />${run.busy ? 'Calling…' : 'Call the tool'}</button>
          ${run.busy && html`<button type="button" class="button" onClick=${() => control.current.abort()}>Cancel</button>`}
          ${!tool.enabled ? html`<span class="faint">It is disabled; enable it first.</span>` : !tool.available && html`<span class="faint">Its server does not serve calls now.</span>`}</div></form><//>
    <${Result} run=${run} /></div>`;
}

function Result({ run }) {
  if (run.fault) return html`<${Card} title="Result"><${Problem} fault=${run.fault} /><//>`;
  if (!run.answer) return html`<${Card} title="Result"><${Empty} icon="play" title=${run.busy ? 'The tool is at work' : 'Not called yet'}>What it answers, how long it took and every frame appear here.<//><//>`;
  const { outcome, result, error, tookMs, frames, request } = run.answer;
  const told = outcome ?? { kind: error ? 'error' : result?.isError ? 'tool_error' : 'ok' };
  return html`<div class="stack" data-testid="result"><${Card} title="Result" aside=${html`<${Outcome} outcome=${told} /><span class="num">${span(tookMs)}</span>
      ${request !== undefined && request !== null && html`<a class="link" href=${to('calls')}>call ${request}</a>`}`}>
      <${Content} result=${result} />
      <details class="raw"><summary>${error ? 'The error as it came' : 'The result as it came'}</summary><${Code} text=${pretty(error ?? result ?? null)} /></details>
      ${error && html`<${Problem} fault=${{ message: error.message ?? 'The call failed.', remedy: error.code ? `Error code ${error.code}.` : '' }} />`}
    <//><${Card} title="Frames" hint=${many(frames.length, 'frame')}><${Frames} frames=${frames} /><//></div>`;
}

/** The blocks of a result as a person reads them. */
function Content({ result }) {
  if (!result) return null;
  const blocks = result.content ?? [];
  return html`<div class="content">${blocks.map((block, index) => html`<div class="block" key=${index}>${
    block.type === 'text' ? html`<${Code} text=${pretty(block.text)} />`
      : block.type === 'image' && /^image\/(png|jpeg|gif|webp)$/.test(block.mimeType) ? html`<img alt="Image of the result" src=${`data:${block.mimeType};base64,${block.data}`} />`
      : html`<${Code} text=${pretty(block)} />`}</div>`)}
    ${result.structuredContent !== undefined && html`<h3>Structured content</h3><${Code} text=${pretty(result.structuredContent)} />`}
    ${blocks.length === 0 && result.structuredContent === undefined && html`<p class="faint">The result has no content.</p>`}</div>`;
}
