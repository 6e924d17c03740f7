// Without a mouse.
import assert from 'node:assert/strict';
import { visit } from '../browser.mjs';
import { until } from '../until.mjs';

const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim() || document.activeElement.getAttribute('aria-label'));
const path = (page) => new URL(page.url()).pathname;

/** A browser that is too busy to paint, until the function that is returned is called. */
async function busy(page) {
  await page.evaluate(() => {
    const [held, own] = [[], window.requestAnimationFrame];
    window.requestAnimationFrame = (paint) => held.push(paint);
    window.paintAll = () => {
      window.requestAnimationFrame = own;
      return new Promise((done) => { for (const paint of [...held, done]) own(paint); });
    };
  });
  return () => page.evaluate(() => window.paintAll());
}

export async function walked({ page, gateway }) {
  await visit(page, gateway);
  await page.keyboard.press('Tab');
  assert.equal(await focused(page), 'Skip to the content', 'the first stop leads past the navigation');
  const ring = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(ring, 'none', 'the focus is seen');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Tab');
  assert.match(await focused(page), /^Tools/);
  await page.keyboard.press('Enter');
  await until('the page of tools is shown', () => path(page) === '/ui/tools');
  await page.getByTestId('tools').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), 'main', 'a new page begins at its content');

  const paint = await busy(page);
  await page.keyboard.press('/');
  await page.getByLabel('Jump to', { exact: true }).and(page.locator('input')).waitFor();
  await page.keyboard.type('worker');
  await page.locator('#palette-list [role=option]', { hasText: 'worker' }).first().waitFor();
  await page.keyboard.press('Enter');
  await until('the palette led to the server', () => path(page) === '/ui/servers/worker');
  await page.keyboard.press('Control+k');
  await page.getByLabel('Jump to', { exact: true }).and(page.locator('input')).waitFor();
  await page.keyboard.press('Escape');
  await page.getByLabel('Jump to', { exact: true }).and(page.locator('input')).waitFor({ state: 'detached' });

  await page.locator('[data-order=stop]').focus();
  await paint();
  assert.equal(await focused(page), 'Stop', 'the focus stays where it was put');
  await page.keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await until('the focus is back where it was', () => page.evaluate(() => document.activeElement.dataset.order === 'stop'));
  assert.equal((await gateway.server('worker')).state, 'ready');

  await visit(page, gateway);
  await page.locator('[data-server]').first().focus();
  const first = await focused(page);
  await page.keyboard.press('ArrowDown');
  assert.notEqual(await focused(page), first, 'arrows walk the tiles');
  await page.keyboard.press('Enter');
  await until('a tile opens', () => path(page).startsWith('/ui/servers/'));
}
