// Recordings of what was sent to a server, and replaying them to see what answers otherwise.
import { html, useState } from '../view.js';
import { useLoad } from '../load.js';
import { post, remove, sentence } from '../api.js';
import { Card, Empty, Loaded } from './notice.js';
import { confirm } from './dialog.js';
import { failed, toast } from './toast.js';
import { Icon } from './icon.js';
import { Badge } from './badge.js';
import { Ago } from './time.js';
import { Difference } from './difference.js';
import { pretty } from './json.js';
import { many, span } from '../words.js';

const isOn = (one) => one.state === 'recording';

export function Recordings({ name }) {
  const load = useLoad('recordings', { every: 5000 });
  const [replay, setReplay] = useState(null);
  const act = (what, done) => async () => {
    try { const answer = await what(); done?.(answer); } catch (fault) { failed(fault); }
    load.again();
  };
  const begin = act(() => post('recordings', { server: name }), () => toast(`${name} is being recorded.`));
  const stop = (one) => act(() => post(`recordings/${one.id}/stop`), () => toast('The recording is kept.'));
  const play = (one) => async () => {
    setReplay({ one, busy: true });
    try { setReplay({ one, answer: await post(`recordings/${one.id}/replay`, { fillMeta: true }) }); } catch (fault) { setReplay(null); failed(fault); }
  };
  const drop = (one) => async () => {
    if (await confirm({ title: 'Delete this recording?', text: 'It cannot be brought back.', go: 'Delete it' })) await act(() => remove(`recordings/${one.id}`))();
  };
  const mine = (load.data?.recordings ?? []).filter((one) => one.server === name);
  const on = mine.find(isOn);
  return html`<${Card} title="Recordings" aside=${on ? html`<button class="button small danger" onClick=${stop(on)}><${Icon} name="stop" size=${12} />Stop recording</button>`
      : html`<button class="button small" onClick=${begin}><${Icon} name="record" size=${12} class="ink-bad" />Record</button>`}>
    <${Loaded} load=${load} lines=${2}>${() => (mine.length === 0 ? html`<${Empty} icon="record" title="No recordings">Record a while, then replay it after a change: answers that differ are shown side by side.<//>`
      : html`<ul class="recordings" data-testid="recordings">${mine.map((one) => html`<li key=${one.id}>
        <div><strong>Recording ${one.id}</strong><span class="faint"><${Ago} at=${one.startedAtMs} /> · ${many(one.frames, 'frame')}${one.state === 'full' ? ' · stopped by itself, it was full' : ''}</span></div>
        ${isOn(one) ? html`<${Badge} tone="bad" icon="record">Recording<//>` : html`<button class="button small" disabled=${replay?.busy} onClick=${play(one)}><${Icon} name="play" size=${12} />Replay</button>
          <button class="button bare" aria-label="Delete this recording" onClick=${drop(one)}><${Icon} name="trash" size=${15} /></button>`}</li>`)}</ul>`)}<//>
    ${replay && html`<${Replay} replay=${replay} close=${() => setReplay(null)} />`}<//>`;
}

function Replay({ replay, close }) {
  if (replay.busy) return html`<p class="faint"><${Icon} name="spinner" /> Replaying…</p>`;
  const { identical, steps } = replay.answer;
  const other = steps.filter((step) => step.same === false).length;
  return html`<div class="replay" data-testid="replay"><div class="replay-head">${identical ? html`<${Badge} tone="ok" icon="check">Identical<//>` : other ? html`<${Badge} tone="warn" icon="alert">${many(other, 'answer')} ${other === 1 ? 'differs' : 'differ'}<//>` : html`<${Badge} tone="rest" icon="dot">Nothing to compare<//>`}
      <span class="faint">${many(steps.length, 'step')}</span><button class="button bare" aria-label="Close the replay" onClick=${close}><${Icon} name="cross" size=${14} /></button></div>
    <ol class="steps">${steps.map((step, index) => html`<li key=${index}><details open=${step.same === false && steps.length < 8}><summary>${step.same ? html`<${Badge} tone="ok" icon="check">Same<//>` : step.same === false ? html`<${Badge} tone="warn" icon="alert">Differs<//>` : html`<${Badge} tone="rest" icon="dot">Not compared<//>`}
      <span class="step-name">${step.method ?? 'message'}</span><span class="num faint">${span(step.tookMs)}</span></summary>${step.why && html`<p class="faint">${sentence(step.why)}</p>`}<${Difference} before=${pretty(step.expected ?? 'no answer')} after=${pretty(step.got ?? 'no answer')} /></details></li>`)}</ol></div>`;
}
