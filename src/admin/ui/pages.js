// The pages, as the navigation and the palette name them.
export const PAGES = [
  { name: 'Overview', icon: 'overview', path: [], also: 'servers' },
  { name: 'Tools', icon: 'tool', path: ['tools'] },
  { name: 'Calls', icon: 'calls', path: ['calls'] },
  { name: 'Sessions', icon: 'sessions', path: ['sessions'] },
  { name: 'Logs', icon: 'logs', path: ['logs'] },
  { name: 'Configuration', icon: 'config', path: ['config'] },
  { name: 'Protocol bench', icon: 'bench', path: ['bench'] },
];
