// The page that asks for the token.
import { html, useState } from '../view.js';
import { unlock } from '../api.js';
import { token } from '../token.js';
import { Icon } from './icon.js';
import { Problem } from './notice.js';

export function Login() {
  const [typed, type] = useState('');
  const [fault, setFault] = useState(null);
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    try {
      await unlock(typed.trim());
    } catch (error) {
      setFault(error.status === 401 ? { message: 'That is not the token of this gateway.', remedy: 'It stands in its configuration, under `admin.token`.' } : error);
    }
    setBusy(false);
  };
  const old = token.value && !fault;
  return html`<main class="login" id="main" tabindex="-1"><form class="card login-card" onSubmit=${submit}>
    <img src="/ui/icon.svg" alt="" width="44" height="44" />
    <h1>mcpvisor asks who you are</h1>
    <p class="faint">${old ? 'The token you gave before is no longer the right one. ' : ''}Enter the token of this gateway. It is kept for this tab only.</p>
    <label class="field"><span>Token</span>
      <input type="password" name="token" autocomplete="off" autofocus required value=${typed} onInput=${(event) => type(event.target.value)} /></label>
    ${fault && html`<${Problem} fault=${fault} />`}
    <button class="button primary wide" disabled=${busy || !typed.trim()}><${Icon} name="lock" />${busy ? 'Asking…' : 'Open'}</button>
  </form></main>`;
}
