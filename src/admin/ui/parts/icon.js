// Line icons on a grid of 24, drawn with the colour of the text. Decorative unless they get a label.
import { html } from '../view.js';

const PATHS = {
  overview: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  server: 'M4 5h16v6H4zM4 13h16v6H4zM8 8h.01M8 16h.01M12 8h5M12 16h5',
  tool: 'M14.5 6.500a4 4 0 0 0-5.300 4.900L4 16.600 7.400 20l5.200-5.200a4 4 0 0 0 4.900-5.300l-2.600 2.600-2.500-.5-.5-2.500z',
  calls: 'M4 6h9M8 12h10M6 18h7M17 6h3M4 12h.01M17 18h3',
  sessions: 'M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7zM3 20c.5-3.500 3-5 6-5s5.500 1.500 6 5M16 4.500a3.500 3.500 0 0 1 0 6M18 15.500c1.700.8 2.700 2.300 3 4.500',
  logs: 'M5 4h14v16H5zM8.500 9h7M8.500 13h7M8.500 17h4',
  config: 'M4 7h9M17 7h3M4 17h3M11 17h9M15 5v4M9 15v4',
  bench: 'M4 8h13l-3-3M20 16H7l3 3',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600 7 7M17 17l1.400 1.400M5.600 18.400 7 17M17 7l1.400-1.400',
  moon: 'M20 14.500A8 8 0 0 1 9.500 4a8 8 0 1 0 10.500 10.500z',
  system: 'M4 5h16v11H4zM9 20h6M12 16v4',
  check: 'M5 12.500l4.500 4.500L19 7.500',
  cross: 'M6 6l12 12M18 6L6 18',
  alert: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  pause: 'M9 5v14M15 5v14',
  play: 'M8 5l11 7-11 7z',
  stop: 'M6 6h12v12H6z',
  restart: 'M19 12a7 7 0 1 1-2.100-5M17 3v4h-4',
  pulse: 'M3 12h4l3-7 4 14 3-7h4',
  key: 'M14.500 13.500a4.500 4.500 0 1 0-4.200-2.800L4 17v3h3l1-1v-2h2l2.200-2.200c.7.4 1.500.7 2.300.7zM15.500 8.500h.01',
  shield: 'M12 3l8 3v6c0 5-3.500 8-8 9-4.500-1-8-4-8-9V6z',
  hourglass: 'M7 4h10M7 20h10M8 4c0 5 8 5 8 16M16 4c0 5-8 5-8 16',
  spinner: 'M12 3a9 9 0 1 0 9 9',
  bolt: 'M13 3L5 14h6l-1 7 8-11h-6z',
  question: 'M9 9a3 3 0 1 1 4 2.800c-.7.3-1 .8-1 1.700v.5M12 17.500h.01',
  dot: 'M12 13a1 1 0 1 0 0-2 1 1 0 0 0 0 2z',
  up: 'M5 16l5-5 3 3 6-7M14 7h5v5',
  down: 'M5 8l5 5 3-3 6 7M14 17h5v-5',
  level: 'M5 12h13M15 9l3 3-3 3',
  right: 'M9 6l6 6-6 6',
  chevron: 'M6 9l6 6 6-6',
  send: 'M4 12l16-8-6 16-3-6z',
  record: 'M12 18a6 6 0 1 0 0-12 6 6 0 0 0 0 12z',
  trash: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  external: 'M14 4h6v6M20 4l-9 9M17 14v6H4V7h6',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  menu: 'M4 7h16M4 12h16M4 17h16',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3 2',
  in: 'M19 12H6M11 7l-5 5 5 5',
  out: 'M5 12h13M13 7l5 5-5 5',
  filter: 'M4 5h16l-6 8v6l-4-2v-4z',
  memory: 'M5 5h14v14H5zM9 9h6v6H9z',
  lock: 'M6 11h12v9H6zM8.500 11V8a3.500 3.500 0 0 1 7 0v3',
};

const SOLID = new Set(['play', 'stop', 'record']);

export function Icon({ name, size = 16, label, class: more = '' }) {
  return html`<svg class=${`icon ${name === 'spinner' ? 'icon-spin' : ''} ${more}`} width=${size} height=${size} viewBox="0 0 24 24"
    fill=${SOLID.has(name) ? 'currentColor' : 'none'} stroke="currentColor" stroke-width="2" stroke-linecap="round" stroke-linejoin="round"
    role=${label ? 'img' : undefined} aria-label=${label} aria-hidden=${label ? undefined : 'true'} focusable="false"><path d=${PATHS[name] ?? PATHS.dot} /></svg>`;
}
