// The frames of one call: the server's frames are watched while it runs, and those of others left out.
import { part } from '../api.js';
import { read } from '../stream.js';

/** Longest wait for the watch to begin, and for the last frame after the answer. */
const PATIENCE = 800;

const rest = (ms) => new Promise((done) => setTimeout(done, ms));

/** Runs `call` and gives its answer with the frames it caused. */
export async function witnessed(server, tool, call) {
  const control = new AbortController();
  const seen = [];
  const watching = new Promise((begun) => {
    read(`servers/${part(server)}/frames`, (event, frame) => { if (event === 'frame') seen.push(frame); }, { signal: control.signal, opened: begun }).catch(begun);
  });
  try {
    await Promise.race([watching, rest(PATIENCE)]);
    const answer = await call();
    if (answer.frames) return answer;
    for (let waited = 0; waited < PATIENCE && !isWhole(ofCall(seen, tool)); waited += 40) await rest(40);
    return { ...answer, frames: ofCall(seen, tool) };
  } finally {
    control.abort();
  }
}

const isWhole = (frames) => frames.some((frame) => frame.direction === 'in' && frame.kind === 'response');

/** The request of the last call of a tool, what answers it, and what was told meanwhile. Pure. */
export function ofCall(frames, tool) {
  const at = frames.findLastIndex((frame) => frame.direction === 'out' && frame.method === 'tools/call' && frame.text.includes(JSON.stringify(tool)));
  if (at < 0) return [];
  const { id, generation } = frames[at];
  const after = frames.slice(at).filter((frame) => frame.generation === generation);
  const end = after.findIndex((frame) => frame.direction === 'in' && frame.kind === 'response' && frame.id === id);
  return (end < 0 ? after : after.slice(0, end + 1)).filter((frame) => frame.id === id || frame.kind === 'notification');
}
