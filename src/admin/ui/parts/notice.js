// What a page says when there is nothing, not yet, or something went wrong: plain sentences with a remedy.
import { html } from '../view.js';
import { Icon } from './icon.js';

/** Text of the API, whose backticks mark what is typed. */
export function Words({ text }) {
  return String(text).split('`').map((part, index) => (index % 2 ? html`<code key=${index}>${part}</code>` : part));
}

export function Empty({ icon = 'dot', title, children, action }) {
  return html`<div class="empty"><span class="empty-icon"><${Icon} name=${icon} size=${22} /></span>
    <h3>${title}</h3>${children && html`<p>${children}</p>`}${action}</div>`;
}

/** Grey bars in the place of what comes. */
export function Loading({ lines = 4, label = 'Loading' }) {
  return html`<div class="loading" role="status" aria-label=${label}>
    ${Array.from({ length: lines }, (_, index) => html`<div class=${`bone bone-${index % 4}`} key=${index}></div>`)}
  </div>`;
}

/** A Fault, and a way to try again. */
export function Problem({ fault, again, title }) {
  const near = fault.more?.near?.length ? ` Did you mean ${fault.more.near.join(' or ')}?` : '';
  const remedy = fault.remedy && !fault.remedy.startsWith('Did you mean') ? fault.remedy : '';
  return html`<div class="problem" role="alert"><${Icon} name="alert" size=${18} />
    <div><strong><${Words} text=${title ?? fault.message} /></strong>${title && html`<p><${Words} text=${fault.message} /></p>`}
      ${(remedy || near) && html`<p><${Words} text=${remedy + near} /></p>`}</div>
    ${again && html`<button class="button small" onClick=${again}><${Icon} name="restart" />Try again</button>`}
  </div>`;
}

/** The content of a load: problem, bones or what `children(data)` draws. */
export function Loaded({ load, lines, children }) {
  if (load.data) return html`${load.fault && html`<${Problem} fault=${load.fault} again=${load.again} />`}${children(load.data)}`;
  if (load.fault) return html`<${Problem} fault=${load.fault} again=${load.again} />`;
  return html`<${Loading} lines=${lines} />`;
}

/** A panel with a heading. */
export function Card({ title, hint, aside, children, class: more = '', id }) {
  return html`<section class=${`card ${more}`} id=${id}>
    ${title && html`<header class="card-head"><h2>${title}</h2>${hint && html`<span class="faint">${hint}</span>`}<div class="card-aside">${aside}</div></header>`}
    ${children}
  </section>`;
}
