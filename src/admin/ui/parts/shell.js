// What is around every page: navigation, search, theme, how the connection stands.
import { signal } from '../vendor/signals-core.js';
import { html, useEffect } from '../view.js';
import { Icon } from './icon.js';
import { ConnectionLost, LiveDot } from './banner.js';
import { Palette, open } from './palette.js';
import { Toasts } from './toast.js';
import { Confirmation } from './dialog.js';
import { PAGES } from '../pages.js';
import { health, servers } from '../fleet.js';
import { findings } from '../findings.js';
import { route, to } from '../router.js';
import { theme, turn } from '../theme.js';
import { keep, locked, token } from '../token.js';

const menu = signal(false);
const THEMES = { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };
const THEME_ICONS = { system: 'system', light: 'sun', dark: 'moon' };

function Navigation() {
  const first = route.value[0] ?? '';
  const wrong = new Set(findings([...servers.value.values()], health.value).filter((one) => one.tone === 'bad').map((one) => one.about)).size;
  return html`<nav class=${`side ${menu.value ? 'side-open' : ''}`} aria-label="Pages" id="navigation">
    <a class="brand" href=${to()}><img src="/ui/icon.svg" alt="" width="28" height="28" /><span>mcpvisor</span></a>
    <ul>${PAGES.map((page) => {
      const here = first === (page.path[0] ?? '') || (page.also && first === page.also);
      return html`<li key=${page.name}><a href=${to(...page.path)} class=${here ? 'here' : ''} aria-current=${here ? 'page' : undefined}>
        <${Icon} name=${page.icon} size=${18} /><span>${page.name}</span>
        ${page.path.length === 0 && wrong > 0 && html`<span class="count tone-bad" title="Servers with problems">${wrong}</span>`}</a></li>`;
    })}</ul>
    <div class="side-foot"><span class="faint">${health.value ? `Version ${health.value.version}` : ''}</span></div>
  </nav>`;
}

function TopBar() {
  return html`<header class="top">
    <button class="button bare menu-button" aria-label="Pages" aria-expanded=${menu.value} aria-controls="navigation" onClick=${() => { menu.value = !menu.value; }}><${Icon} name="menu" size=${20} /></button>
    <button class="search-button" onClick=${() => { open.value = true; }}><${Icon} name="search" /><span>Jump to…</span><kbd>Ctrl K</kbd></button>
    <div class="top-aside"><${LiveDot} />
      ${token.value && html`<button class="button bare" title="Forget the token" aria-label="Forget the token" onClick=${() => { keep(''); locked.value = true; }}><${Icon} name="lock" size=${18} /></button>`}
      <button class="button bare" data-testid="theme" title=${THEMES[theme.value]} aria-label=${THEMES[theme.value]} onClick=${turn}><${Icon} name=${THEME_ICONS[theme.value]} size=${18} /></button></div>
  </header>`;
}

export function Shell({ children }) {
  const path = route.value.join('/');
  useEffect(() => { menu.value = false; }, [path]);
  return html`<a class="skip" href="#main">Skip to the content</a>
    <div class="shell">
      <${Navigation} />
      <div class="column"><${TopBar} /><${ConnectionLost} />
        <main id="main" tabindex="-1">${children}</main></div>
    </div>
    <${Palette} /><${Confirmation} /><${Toasts} />`;
}

/** The head of a page. */
export function Head({ title, children, aside, back }) {
  useEffect(() => { document.title = `${title} · mcpvisor`; }, [title]);
  return html`<div class="head"><div class="head-words">
    ${back && html`<a class="back" href=${back.url}><${Icon} name="right" class="icon-back" size=${14} />${back.name}</a>`}
    <h1>${title}</h1>${children && html`<div class="head-sub">${children}</div>`}</div><div class="head-aside">${aside}</div></div>`;
}
