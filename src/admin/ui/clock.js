// The time of this moment as a signal: everything that counts up or down hangs on it.
import { signal } from './vendor/signals-core.js';

export const now = signal(Date.now());
setInterval(() => { if (!document.hidden) now.value = Date.now(); }, 1000);
document.addEventListener('visibilitychange', () => { now.value = Date.now(); });
