// What the states of a server mean to a person: a tone, an icon and a word, never the colour alone. Pure.

const TABLE = {
  ready: { tone: 'ok', icon: 'check', word: 'Ready' },
  idle: { tone: 'rest', icon: 'moon', word: 'Idle' },
  queued: { tone: 'busy', icon: 'hourglass', word: 'Queued' },
  starting: { tone: 'busy', icon: 'spinner', word: 'Starting' },
  down: { tone: 'bad', icon: 'cross', word: 'Down' },
  parked: { tone: 'bad', icon: 'pause', word: 'Parked' },
  needs_login: { tone: 'warn', icon: 'key', word: 'Needs login' },
  stopped: { tone: 'rest', icon: 'stop', word: 'Stopped' },
  quarantined: { tone: 'bad', icon: 'shield', word: 'Quarantined' },
};

/** How a server stands: `{ tone, icon, word }`. */
export function standing(server) {
  if (server.state === 'ready' && server.breaker !== 'closed') return { tone: 'warn', icon: 'bolt', word: 'Refusing calls' };
  if (server.state === 'ready' && isPoor(server)) return { tone: 'warn', icon: 'alert', word: 'Doing badly' };
  return TABLE[server.state] ?? { tone: 'rest', icon: 'dot', word: server.word ?? server.state };
}

/** Whether it serves, but badly. */
export const isPoor = (server) => !server.quality?.stale && server.score < server.qualityThreshold;

/** The tone of a score. */
export function scoreTone(server) {
  if (!server.available || server.quality?.stale) return 'rest';
  if (server.score < server.qualityThreshold) return 'bad';
  return server.score < server.qualityThreshold + 20 ? 'warn' : 'ok';
}

export const TRENDS = {
  improving: { icon: 'up', word: 'Improving', tone: 'ok' },
  stable: { icon: 'level', word: 'Stable', tone: 'rest' },
  degrading: { icon: 'down', word: 'Degrading', tone: 'warn' },
};

export const OUTCOMES = {
  ok: { tone: 'ok', icon: 'check', word: 'OK' },
  tool_error: { tone: 'warn', icon: 'alert', word: 'Tool error' },
  error: { tone: 'bad', icon: 'cross', word: 'Error' },
  failed: { tone: 'bad', icon: 'cross', word: 'Failed' },
  cancelled: { tone: 'rest', icon: 'stop', word: 'Cancelled' },
  lost: { tone: 'bad', icon: 'question', word: 'Lost' },
};

export const PHASES = ['routing', 'starting', 'queued', 'downstream'];

/** What bothers a person first comes first. */
const ORDER = { bad: 0, warn: 1, busy: 2, ok: 3, rest: 4 };
export const byUrgency = (a, b) => ORDER[standing(a).tone] - ORDER[standing(b).tone] || a.name.localeCompare(b.name);
