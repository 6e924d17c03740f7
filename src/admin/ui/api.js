// Requests to the gateway. What goes wrong arrives as a Fault: a sentence and what to do about it.
import { authorization, keep, locked } from './token.js';

const BASE = '/api/v1/';

export class Fault extends Error {
  constructor({ code, message, remedy, status, ...more }) {
    super(message);
    Object.assign(this, { code, remedy, status, more });
  }
}

const UNREACHABLE = {
  code: 'unreachable',
  message: 'The gateway does not answer.',
  remedy: 'Look whether mcpvisor still runs; this page goes on by itself once it does.',
};

/** A request; the answer is read only when it is a good one. */
export async function send(method, path, { body, signal, accept = 'application/json' } = {}) {
  const headers = { Accept: accept, ...authorization() };
  if (body !== undefined) headers['Content-Type'] = 'application/json';
  const url = path.startsWith('/') ? path : BASE + path;
  let answer;
  try {
    answer = await fetch(url, {
      method, headers, signal, cache: 'no-store', redirect: 'error',
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw new Fault(UNREACHABLE);
  }
  if (answer.ok || (path === '/health' && answer.status === 503)) return answer;
  if (answer.status === 401) locked.value = true;
  throw await faultOf(answer);
}

async function faultOf(answer) {
  const told = await answer.json().catch(() => null);
  if (told?.error?.message) return new Fault({ ...told.error, message: sentence(told.error.message), status: answer.status });
  return new Fault({
    code: 'http',
    status: answer.status,
    message: answer.status === 404 ? 'This gateway does not offer that.' : `The gateway answered with status ${answer.status}.`,
    remedy: answer.status === 404 ? 'It may be an older version than this page expects.' : 'Try it again; if it stays, look into the logs of the gateway.',
  });
}

/** Text of the API as a sentence of a page. */
export function sentence(text) {
  const whole = String(text).trim();
  if (!whole) return whole;
  const begun = whole[0].toUpperCase() + whole.slice(1);
  return /[.!?…]$/.test(begun) ? begun : `${begun}.`;
}

async function ask(method, path, options) {
  const answer = await send(method, path, options);
  return answer.status === 204 ? null : answer.json().catch(() => null);
}

export const get = (path, signal) => ask('GET', path, { signal });
export const post = (path, body, signal) => ask('POST', path, { body, signal });
export const remove = (path) => ask('DELETE', path);

/** A part of a path. */
export const part = (text) => encodeURIComponent(text);

/** A query from what is set. */
export function query(values) {
  const set = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '' && value !== false);
  const text = new URLSearchParams(set.map(([key, value]) => [key, String(value)])).toString();
  return text ? `?${text}` : '';
}

/** Tries a token; throws a Fault when it is not the right one. */
export async function unlock(text) {
  const answer = await fetch(`${BASE}servers`, {
    headers: text ? { Authorization: `Bearer ${text}` } : {}, cache: 'no-store',
  }).catch(() => { throw new Fault(UNREACHABLE); });
  if (!answer.ok) throw await faultOf(answer);
  keep(text);
  locked.value = false;
}
