// The token the gateway asks for: kept for this tab only, never in a URL.
import { signal } from './vendor/signals-core.js';

const KEY = 'mcpvisor.token';

function remembered() {
  try {
    return sessionStorage.getItem(KEY) ?? '';
  } catch {
    return '';
  }
}

export const token = signal(remembered());

/** Whether the gateway answered that it wants a token, or another one. */
export const locked = signal(false);

export function keep(text) {
  token.value = text;
  try {
    if (text) sessionStorage.setItem(KEY, text);
    else sessionStorage.removeItem(KEY);
  } catch {
    // then it is asked for again after a reload
  }
}

/** Headers that say who asks. */
export const authorization = () => (token.value ? { Authorization: `Bearer ${token.value}` } : {});
