// Sending one raw message to a server, past everything the gateway does for clients.
import { html, useState } from '../view.js';
import { part, post } from '../api.js';
import { Card, Problem } from './notice.js';
import { Select } from './choice.js';
import { Icon } from './icon.js';
import { Code, pretty } from './json.js';
import { span } from '../words.js';

const TEMPLATES = {
  ping: { method: 'ping' },
  'tools/list': { method: 'tools/list', params: {} },
  'tools/call': { method: 'tools/call', params: { name: 'echo', arguments: { text: 'hello' } } },
  'resources/list': { method: 'resources/list', params: {} },
  'resources/read': { method: 'resources/read', params: { uri: 'demo://readme' } },
  'prompts/list': { method: 'prompts/list', params: {} },
  'prompts/get': { method: 'prompts/get', params: { name: 'greet', arguments: { name: 'Ada' } } },
  'an unknown method': { method: 'no/such/method' },
  'a notification': { method: 'notifications/roots/list_changed', notification: true },
};

function message(template, id) {
  const { notification, ...rest } = TEMPLATES[template];
  return JSON.stringify({ jsonrpc: '2.0', ...(notification ? {} : { id }), ...rest }, null, 2);
}

export function Sender({ name, sent }) {
  const [id, setId] = useState(1);
  const [template, setTemplate] = useState('ping');
  const [text, type] = useState(() => message('ping', 1));
  const [fillMeta, fill] = useState(true);
  const [run, setRun] = useState({});
  const take = (next) => { setTemplate(next); type(message(next, id)); };
  const go = async (event) => {
    event.preventDefault();
    let given;
    try { given = JSON.parse(text); } catch (error) {
      setRun({ fault: { message: 'This is no JSON.', remedy: String(error.message) } });
      return;
    }
    setRun({ busy: true });
    try {
      setRun({ answer: await post(`servers/${part(name)}/send`, { message: given, fillMeta }) });
      setId(id + 1);
      sent?.();
    } catch (fault) { setRun({ fault }); }
  };
  return html`<${Card} title="Send" aside=${html`<${Select} label="Template" options=${Object.keys(TEMPLATES)} value=${template} choose=${take} />`}>
    <form onSubmit=${go}><label class="field"><span class="unseen">Message</span><textarea class="input mono" rows="9" spellcheck="false" aria-label="Message" value=${text} onInput=${(event) => type(event.target.value)}></textarea></label>
      <div class="form-foot"><button class="button primary" disabled=${run.busy}><${Icon} name=${run.busy ? 'spinner' : 'send'} />${run.busy ? 'Waiting for the answer…' : 'Send'}</button>
        <label class="tick" title="A request of revision 2026-07-28 must tell revision and capabilities in _meta"><input type="checkbox" checked=${fillMeta} onChange=${(event) => fill(event.target.checked)} />Fill in <code>_meta</code></label>
        ${run.answer && html`<span class="num faint">${run.answer.response ? 'answered' : 'sent'} in ${span(run.answer.tookMs)}</span>`}</div></form>
    ${run.fault && html`<${Problem} fault=${run.fault} />`}
    ${run.answer && html`<div class="response" data-testid="response">${run.answer.response ? html`<${Code} text=${pretty(run.answer.response)} />` : html`<p class="faint">A notification has no answer.</p>`}</div>`}<//>`;
}
