// The configuration in force, with secrets masked; and checking another one before it is used.
import { html, useState } from '../view.js';
import { Head } from '../parts/shell.js';
import { Card, Loaded, Words } from '../parts/notice.js';
import { Choice } from '../parts/choice.js';
import { Icon } from '../parts/icon.js';
import { Code, Tree } from '../parts/json.js';
import { Validator } from '../parts/validator.js';
import { toast } from '../parts/toast.js';
import { useLoad } from '../load.js';
import { asked, refine } from '../router.js';
import { sentence } from '../api.js';
import { many } from '../words.js';

export function Config() {
  const { tab = 'force' } = asked.value;
  const load = useLoad('config');
  return html`<${Head} title="Configuration" aside=${html`<${Choice} label="Which" options=${[['force', 'In force'], ['check', 'Check another']]} value=${tab} choose=${(next) => refine({ tab: next === 'force' ? '' : next })} />`}>
      ${load.data && (load.data.path ? html`<span>from <code>${load.data.path}</code></span>` : 'no file was given')}<//>
    ${tab === 'check' ? html`<${Validator} />` : html`<${Loaded} load=${load} lines=${8}>${(told) => html`<${InForce} told=${told} />`}<//>`}`;
}

function InForce({ told }) {
  const [as, show] = useState('tree');
  const { servers = {}, ...settings } = told.config;
  const text = JSON.stringify(told.config, null, 2);
  const copy = () => navigator.clipboard?.writeText(text).then(() => toast('Copied.'), () => toast('The browser does not let this page copy.', { tone: 'bad' }));
  const aside = html`<${Choice} label="Shown as" options=${[['tree', 'Tree'], ['json', 'JSON']]} value=${as} choose=${show} /><button class="button small" onClick=${copy}><${Icon} name="copy" size=${13} />Copy</button>`;
  return html`${told.notes?.length > 0 && html`<${Card} title="Notes" hint=${many(told.notes.length, 'note')}><ul class="notes">${told.notes.map((note, index) => html`<li key=${index}><${Icon} name="alert" size=${14} /><span><${Words} text=${noteOf(note)} /></span></li>`)}</ul><//>`}
    <div data-testid="config">${as === 'json' ? html`<${Card} title="In force" hint="secrets are masked" aside=${aside}><${Code} text=${text} class="tall" /><//>`
      : html`<div class="grid-2"><${Card} title="Servers" hint=${many(Object.keys(servers).length, 'server')}><${Tree} value=${servers} open=${2} mark=${masked} /><//>
        <${Card} title="Settings" hint="secrets are masked" aside=${aside}><${Tree} value=${settings} open=${2} mark=${masked} /><//></div>`}</div>`;
}

/** A note may be a sentence or say where it belongs. */
export const noteOf = (note) => (typeof note === 'string' ? sentence(note) : `${note.key ? `${note.key}: ` : ''}${sentence(note.message ?? note.text ?? '')}${note.remedy ? ` ${note.remedy}` : ''}`);

const masked = (value) => (value === '***' ? html` <span class="masked"><${Icon} name="lock" size=${12} label="masked" /></span>` : null);
