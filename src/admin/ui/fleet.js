// The servers as they stand now, kept by events; and how their scores went.
import { batch, computed, effect, signal } from './vendor/signals-core.js';
import { get } from './api.js';
import { on, refetch } from './live.js';
import { locked } from './token.js';
import { announce } from './parts/toast.js';
import { standing } from './states.js';

/** Points a sparkline has at most. */
const POINTS = 60;

/** name → report, with `since` and `nextTryAt` as moments of this machine's clock. */
export const servers = signal(new Map());
/** name → scores, oldest first. */
export const scores = signal(new Map());
/** Of the last attempt to load them: `null` while there was none. */
export const loaded = signal(null);
export const health = signal(null);

export const names = computed(() => [...servers.value.keys()].sort((a, b) => a.localeCompare(b)));

/** Times in a report count from when it was made. */
function dated(report) {
  const at = Date.now();
  return {
    ...report,
    at,
    since: at - report.sinceMs,
    nextTryAt: report.nextTryMs === null || report.nextTryMs === undefined ? null : at + report.nextTryMs,
  };
}

function put(report) {
  const before = servers.value.get(report.name);
  const next = new Map(servers.value);
  next.set(report.name, dated(report));
  servers.value = next;
  if (before && before.state !== report.state) announce(`${report.name}: ${standing(report).word}`);
  if (report.quality?.stale) return;
  const kept = scores.value.get(report.name) ?? [];
  if (!before || before.score !== report.score || kept.length === 0) note(report.name, [...kept, report.score]);
}

function note(name, values) {
  const next = new Map(scores.value);
  next.set(name, values.slice(-POINTS));
  scores.value = next;
}

on('server', put);
on('gone', ({ server, name }) => {
  const next = new Map(servers.value);
  next.delete(server ?? name);
  servers.value = next;
});

async function load() {
  try {
    const { servers: all } = await get('servers');
    batch(() => {
      servers.value = new Map(all.map((report) => [report.name, dated(report)]));
      loaded.value = { fault: null };
    });
  } catch (fault) {
    loaded.value = { fault };
  }
}

async function loadScores() {
  try {
    const { servers: all } = await get('monitor?history=minutes');
    const told = all.map(({ name, quality, history }) => {
      const lowest = (history ?? []).map((one) => one.lowest).filter((one) => one !== null);
      return [name, quality.stale ? lowest : [...lowest, quality.score].slice(-POINTS)];
    });
    scores.value = new Map(told);
  } catch {
    // tiles do without a line
  }
}

async function loadHealth() {
  try {
    const answer = await get('/health');
    health.value = { ...answer, startedAt: Date.now() - answer.uptimeMs };
  } catch {
    health.value = null;
  }
}

export function start() {
  effect(() => {
    void refetch.value;
    if (locked.value) return;
    load();
    loadScores();
    loadHealth();
  });
  setInterval(() => { if (!document.hidden && !locked.value) loadHealth(); }, 5000);
}

/** Asks for everything again. */
export const again = () => { load(); loadHealth(); };
