// The protocol bench: raw JSON-RPC to a server, every frame as it goes by, recordings and their replay.
import { html, useState } from '../view.js';
import { Head } from '../parts/shell.js';
import { Select } from '../parts/choice.js';
import { Empty } from '../parts/notice.js';
import { State } from '../parts/badge.js';
import { Sender } from '../parts/sender.js';
import { LiveFrames } from '../parts/live-frames.js';
import { Recordings } from '../parts/recordings.js';
import { names, servers } from '../fleet.js';
import { go, to } from '../router.js';

export function Bench({ name }) {
  const chosen = name || names.value[0] || '';
  const server = servers.value.get(chosen);
  const [frames, setFrames] = useState(0);
  if (names.value.length === 0) return html`<${Head} title="Protocol bench" /><${Empty} icon="bench" title="No servers to talk to">Add one to the configuration first.<//>`;
  return html`<${Head} title="Protocol bench" aside=${html`<${Select} label="Server" options=${names.value} value=${chosen} choose=${(next) => go(to('bench', next))} />`}>
      ${server ? html`<${State} server=${server} /><span>${server.transport}</span>` : 'no such server'}<//>
    ${server && html`<div class="grid-2 bench"><div class="stack"><${Sender} key=${chosen} name=${chosen} sent=${() => setFrames(frames + 1)} /><${Recordings} key=${`r${chosen}`} name=${chosen} /></div><${LiveFrames} key=${`f${chosen}`} name=${chosen} /></div>`}`;
}
