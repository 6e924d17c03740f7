// Every frame between the gateway and one server, as it goes by.
import { html, useEffect, useMemo, useState } from '../view.js';
import { follow } from '../stream.js';
import { part } from '../api.js';
import { Card, Problem } from './notice.js';
import { Choice } from './choice.js';
import { Icon } from './icon.js';
import { Frames } from './frames.js';
import { many } from '../words.js';

const MOST = 400;

export function LiveFrames({ name }) {
  const [frames, setFrames] = useState([]);
  const [paused, pause] = useState(false);
  const [which, choose] = useState('all');
  const [text, type] = useState('');
  const [fault, setFault] = useState(null);
  useEffect(() => {
    if (paused) return undefined;
    const control = new AbortController();
    let waiting = [];
    const timer = setInterval(() => {
      if (!waiting.length) return;
      const batch = waiting;
      waiting = [];
      setFrames((before) => joined(before, batch));
    }, 120);
    follow(`servers/${part(name)}/frames`, (event, frame) => { if (event === 'frame') waiting = [...waiting.slice(-MOST), frame]; }, {
      signal: control.signal, state: (now) => setFault(now.live ? null : now.fault),
    });
    return () => { clearInterval(timer); control.abort(); };
  }, [name, paused]);
  const shown = useMemo(() => frames.filter((frame) => (which === 'all' || frame.direction === which)
    && (!text || `${frame.method ?? ''} ${frame.text}`.toLowerCase().includes(text.toLowerCase()))), [frames, which, text]);
  return html`<${Card} title="Frames" hint=${many(shown.length, 'frame')} class="frames-card" aside=${html`<button class="button small" aria-pressed=${paused} onClick=${() => pause(!paused)}><${Icon} name=${paused ? 'play' : 'pause'} size=${13} />${paused ? 'Go on' : 'Pause'}</button>
      <button class="button small" onClick=${() => setFrames([])}>Clear</button>`}>
    <div class="filters"><input class="input" type="search" placeholder="Search in frames" aria-label="Search in frames" value=${text} onInput=${(event) => type(event.target.value)} />
      <${Choice} label="Direction" options=${[['all', 'Both'], ['out', 'To it'], ['in', 'From it']]} value=${which} choose=${choose} /></div>
    ${fault && html`<${Problem} fault=${fault} />`}
    <div class="frames-scroll"><${Frames} frames=${shown} reversed empty=${paused ? 'It is paused.' : 'They appear as they go by. Send something, or wait for a probe.'} /></div><//>`;
}

/** Old and new frames, each once, the newest kept. Pure. */
export function joined(before, batch) {
  const seen = new Set(before.map((frame) => `${frame.generation}.${frame.seq}`));
  return [...before, ...batch.filter((frame) => !seen.has(`${frame.generation}.${frame.seq}`))].slice(-MOST);
}
