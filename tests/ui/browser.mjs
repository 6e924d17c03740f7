// A page that must not complain: no error on its console, no breach of its policy, no request to elsewhere.
import { chromium } from 'playwright-core';
import { join } from 'node:path';

export const launch = () => chromium.launch({ executablePath: process.env.CHROMIUM, args: process.getuid?.() === 0 ? ['--no-sandbox'] : [] });

export class Watch {
  constructor() { Object.assign(this, { complaints: [], excused: [], foreign: [] }); }

  /** Complaints like this are expected from now on. */
  excuse(pattern) { this.excused.push(pattern); }

  hear(text) {
    if (!this.excused.some((pattern) => pattern.test(text))) this.complaints.push(text);
  }
}

/** Opens a page before a gateway. */
export async function open(browser, gateway, watch, { theme = 'light', width = 1280, height = 800 } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, reducedMotion: 'reduce' });
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => console.error(`policy breached: ${event.violatedDirective} ${event.blockedURI}`));
  });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) watch.hear(`console: ${message.text()} ${message.location().url}`); });
  page.on('pageerror', (error) => watch.hear(`page: ${error.stack}`));
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(gateway.url) && !url.startsWith('data:')) watch.foreign.push(url);
  });
  return page;
}

/** Goes to a page of the interface, and waits until updates arrive. */
export async function visit(page, gateway, path = '') {
  await page.goto(`${gateway.url}/ui/${path}`);
  await page.locator('[data-testid=live][data-live=yes]').waitFor();
  await page.locator('.loading').first().waitFor({ state: 'detached' });
}

export const picture = (page, folder, name) => page.screenshot({ path: join(folder, `${name}.png`) });
