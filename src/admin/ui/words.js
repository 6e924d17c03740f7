// Numbers and times as people read them. Pure.

const trim = (value, digits) => value.toLocaleString('en', { maximumFractionDigits: digits, minimumFractionDigits: 0 });

/** A duration in its best unit: `0.4 ms`, `12 ms`, `3.2 s`, `4 min 10 s`, `2 h 5 min`, `3 d`. */
export function span(ms) {
  if (ms === null || ms === undefined || Number.isNaN(ms)) return '–';
  if (ms < 1) return `${trim(ms, 2)} ms`;
  if (ms < 10) return `${trim(ms, 1)} ms`;
  if (ms < 1000) return `${trim(ms, 0)} ms`;
  if (ms < 10_000) return `${trim(ms / 1000, 1)} s`;
  return long(ms);
}

/** The same in whole seconds and above: for what counts. */
export function long(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  if (minutes < 60) return minutes < 10 && seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
  if (hours < 48) return minutes % 60 && hours < 10 ? `${hours} h ${minutes % 60} min` : `${hours} h`;
  return `${Math.floor(hours / 24)} d`;
}

/** How long ago something was. */
export function ago(ms) {
  if (ms < 1500) return 'just now';
  // seconds beside minutes only flicker
  const coarse = ms < 60_000 ? ms : ms < 3_600_000 ? ms - (ms % 60_000) : ms - (ms % 3_600_000);
  return `${long(coarse)} ago`;
}

export const count = (number) => (number === null || number === undefined ? '–' : trim(number, 0));

/** Large numbers in little room. */
export const short = (number) => (number === null || number === undefined ? '–'
  : number.toLocaleString('en', { notation: 'compact', maximumFractionDigits: 1 }));

export function bytes(number) {
  if (number === null || number === undefined) return '–';
  const units = ['B', 'KB', 'MB', 'GB', 'TB'];
  let value = number;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) { value /= 1024; unit += 1; }
  return `${trim(value, value < 10 && unit ? 1 : 0)} ${units[unit]}`;
}

export const percent = (share, digits = 0) => (share === null || share === undefined ? '–' : `${trim(share * 100, digits)} %`);

/** `1 tool`, `3 tools`. */
export const many = (number, one, more = `${one}s`) => `${count(number)} ${number === 1 ? one : more}`;

const two = (number) => String(number).padStart(2, '0');

/** The time of day, with milliseconds when asked. */
export function clock(at, fine = false) {
  const date = new Date(at);
  const text = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return fine ? `${text}.${String(date.getMilliseconds()).padStart(3, '0')}` : text;
}

/** Date and time, exactly. */
export function exact(at) {
  const date = new Date(at);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at, true)}`;
}
