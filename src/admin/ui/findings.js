// What is wrong, each with what to do about it: from the reports of the servers and of the gateway. Pure.
import { isPoor } from './states.js';
import { sentence } from './api.js';
import { long, many } from './words.js';

/** `[{ tone, about, text, fix, next }]`, the worst first. `next` is when it is tried again. */
export function findings(servers, health) {
  const found = [...ofGateway(health), ...servers.flatMap(ofServer)];
  const rank = { bad: 0, warn: 1 };
  return found.sort((a, b) => rank[a.tone] - rank[b.tone]);
}

function ofGateway(health) {
  const stalled = Object.entries(health?.loops ?? {}).filter(([, turns]) => !turns);
  return stalled.map(([name]) => ({
    tone: 'bad', about: null,
    text: `The gateway's own loop “${name}” does not answer.`,
    fix: 'Look whether the machine is overloaded; if not, restart the gateway and report it.',
  }));
}

function ofServer(server) {
  const tell = (tone, text, fix, more) => ({ tone, about: server.name, text, fix, ...more });
  const found = [];
  const missed = server.required ? ' The gateway is not ready without it.' : '';
  const next = server.nextTryAt;
  const failed = server.attempts ? ` ${many(server.attempts, 'attempt')} failed so far.` : '';
  const coming = ['queued', 'starting'].includes(server.state) && !server.attempts;
  if (server.state === 'stopped' && server.required) {
    found.push(tell('bad', `It was stopped by an operator.${missed}`, 'Start it.', { action: 'start' }));
  } else if (coming && server.required && Date.now() - server.since > 10_000) {
    found.push(tell('warn', `It has been ${server.word} for ${long(Date.now() - server.since)}.${missed}`, 'Wait; a slow start is told apart from a failed one by `connect_timeout`.'));
  } else if (!['ready', 'idle', 'stopped'].includes(server.state) && !coming) {
    const text = server.cause ? sentence(server.cause.text) : `It is ${server.word}.`;
    const fix = server.cause?.remedy ?? 'Its timeline tells how it came to that.';
    const tone = server.state === 'needs_login' ? 'warn' : 'bad';
    found.push(tell(tone, text + failed + missed, fix, { next, action: server.state === 'quarantined' ? null : 'restart' }));
  }
  if (server.available && server.breaker !== 'closed') {
    found.push(tell('bad', 'Calls are refused for now: too many failed in a row.', 'Read the failed calls; one call is tried by itself soon.'));
  }
  if (server.available && isPoor(server)) {
    const issues = (server.quality.issues ?? []).join('; ');
    found.push(tell('warn', `Its quality is ${server.score} of 100, ${server.quality.trend}${issues ? `: ${issues}` : ''}.`, "Look at the server's load and its own log; its calls may be too many or too heavy."));
  }
  if (server.noises > 0 && server.transport === 'stdio' && server.available) {
    found.push(tell('warn', `It wrote ${many(server.noises, 'thing')} to stdout that ${server.noises === 1 ? 'is no message' : 'are no messages'}.`, 'Have it log to stderr: stdout is for messages only.'));
  }
  return found;
}
