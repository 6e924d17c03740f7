// Light or dark: what the system asks for, unless a person chose. Set before the first paint of the page.
import { signal } from './vendor/signals-core.js';

const KEY = 'mcpvisor.theme';
const CHOICES = ['system', 'light', 'dark'];

function remembered() {
  try {
    const kept = localStorage.getItem(KEY);
    return CHOICES.includes(kept) ? kept : 'system';
  } catch {
    return 'system';
  }
}

/** `system`, `light` or `dark`. */
export const theme = signal(remembered());
const dark = matchMedia('(prefers-color-scheme: dark)');

/** What is shown now: plots must be drawn again when it changes. */
export const shade = signal('light');

function apply() {
  const chosen = theme.value === 'system' ? (dark.matches ? 'dark' : 'light') : theme.value;
  document.documentElement.dataset.theme = chosen;
  shade.value = chosen;
}

export function choose(next) {
  theme.value = next;
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // a private window forgets it
  }
  apply();
}

/** Goes round: system, light, dark. */
export const turn = () => choose(CHOICES[(CHOICES.indexOf(theme.value) + 1) % CHOICES.length]);

dark.addEventListener('change', apply);
apply();
