// How it looks: both themes, every page, a narrow screen.
import assert from 'node:assert/strict';
import { open, picture, visit } from '../browser.mjs';
import { until } from '../until.mjs';

const PAGES = {
  overview: '', server: 'servers/showcase', 'server-down': 'servers/broken', tools: 'tools', tool: 'tools/showcase.add', calls: 'calls',
  sessions: 'sessions', logs: 'logs', config: 'config', 'config-check': 'config?tab=check', bench: 'bench/showcase',
};

export async function theme({ page, gateway }) {
  await visit(page, gateway);
  const now = () => page.evaluate(() => document.documentElement.dataset.theme);
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  assert.equal(await now(), 'light', 'as the system asks');
  const light = await ground();
  await page.getByTestId('theme').click();
  await page.getByTestId('theme').click();
  assert.equal(await now(), 'dark');
  assert.notEqual(await ground(), light);
  await visit(page, gateway, 'calls');
  assert.equal(await now(), 'dark', 'it is remembered');
  await page.getByTestId('theme').click();
  assert.equal(await now(), 'light');
}

/** Text that hardly stands out from its ground is a fault of the palette. */
async function contrast(page) {
  return page.evaluate(() => {
    const channel = (value) => { const share = value / 255; return share <= 0.03928 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; };
    const light = ([red, green, blue]) => 0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue);
    const paint = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
    const read = (colour) => { paint.clearRect(0, 0, 1, 1); paint.fillStyle = getComputedStyle(document.documentElement).getPropertyValue(colour); paint.fillRect(0, 0, 1, 1); return [...paint.getImageData(0, 0, 1, 1).data]; };
    const pairs = [['--ink', '--page'], ['--ink-2', '--surface'], ['--ink-3', '--page'], ['--ink-3', '--surface'], ['--ink-3', '--sunken'], ['--accent-ink', '--surface'], ['--on-accent', '--accent'],
      ...['ok', 'warn', 'bad', 'busy', 'rest'].flatMap((tone) => [[`--${tone}`, `--${tone}-soft`], [`--${tone}`, '--surface']])];
    return pairs.map(([front, back]) => { const [a, b] = [light(read(front)), light(read(back))]; return [front, back, (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]; }).filter(([, , ratio]) => ratio < 4.5);
  });
}

export async function pictured(world, shade) {
  const { browser, gateway, client, watch, pictures } = world;
  for (let count = 0; count < 25; count += 1) await client.call(count % 6 ? 'showcase.echo' : 'worker.tool1', { text: 'for the pictures' });
  const page = await open(browser, gateway, watch, { theme: shade });
  world.page = page;
  for (const [name, path] of Object.entries(PAGES)) {
    await visit(page, gateway, path);
    await until('it stands still', () => page.evaluate(() => document.getAnimations().every((one) => one.playState !== 'running')));
    await page.locator('main h1').waitFor();
    await page.waitForLoadState('domcontentloaded');
    await picture(page, pictures, `${name}-${shade}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 1280, `${name} is not wider than the window`);
  }
  assert.deepEqual(await contrast(page), [], 'every text stands out');
  await page.context().close();
}

/** What sticks out of the window, when the page can be moved sideways. */
const tooWide = (page, width) => page.evaluate((most) => {
  if (document.documentElement.scrollWidth <= most) return [];
  const wide = [...document.querySelectorAll('main *')].filter((one) => one.getBoundingClientRect().right > most);
  return wide.map((one) => `${one.tagName} ${one.className?.baseVal ?? one.className}: ${one.textContent.slice(0, 40)}`).slice(0, 12);
}, width);

export async function narrow(world) {
  const { browser, gateway, watch, pictures } = world;
  for (const shade of ['light', 'dark']) {
    const page = await open(browser, gateway, watch, { theme: shade, width: 390, height: 844 });
    world.page = page;
    // what fits in one theme fits in the other
    const pages = shade === 'light' ? PAGES : { overview: PAGES.overview };
    for (const [name, path] of Object.entries(pages)) {
      await visit(page, gateway, path);
      assert.deepEqual(await tooWide(page, 390), [], `${name} fits`);
      if (name === 'overview') await picture(page, pictures, `overview-narrow-${shade}`);
    }
    await page.setViewportSize({ width: 380, height: 800 });
    await visit(page, gateway);
    assert.deepEqual(await tooWide(page, 380), []);
    await page.getByRole('button', { name: 'Pages' }).click();
    await page.getByRole('link', { name: 'Logs' }).click();
    await page.getByRole('heading', { name: 'Logs' }).waitFor();
    await page.context().close();
  }
  world.page = await open(browser, gateway, watch);
}
