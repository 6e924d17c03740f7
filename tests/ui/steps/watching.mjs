// What goes on: calls, sessions, logs, the configuration.
import assert from 'node:assert/strict';
import { visit } from '../browser.mjs';
import { until } from '../until.mjs';
import { Client } from '../gateway.mjs';

export async function calls({ page, gateway, client }) {
  await visit(page, gateway, 'calls');
  const slow = client.call('showcase.slow', { seconds: 1.5, steps: 3 });
  const row = page.locator('[data-call]', { hasText: 'showcase.slow' }).first();
  await row.locator('.badge', { hasText: /downstream|starting|queued|routing/ }).waitFor();
  await slow;
  await row.locator('.badge', { hasText: 'OK' }).waitFor();
  await row.click();
  const details = page.getByRole('dialog');
  assert.match(await details.innerText(), /downstream\s+1\.\d s/i);
  assert.match(await details.innerText(), /claude-desktop 1\.4\.0/);
  assert.match(await details.innerText(), /Trace id/);
  await page.keyboard.press('Escape');
  await details.waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Failed' }).click();
  await page.locator('[data-call]', { hasText: 'showcase.fail' }).first().waitFor();
  assert.equal(await page.locator('[data-call]', { hasText: 'showcase.add' }).count(), 0);
  await page.getByRole('button', { name: 'Slow' }).click();
  await row.waitFor();
  await page.getByRole('button', { name: 'All', exact: true }).click();
  await page.getByRole('button', { name: 'By the clock' }).click();
  await page.getByRole('button', { name: 'Pause' }).click();
  const count = await page.locator('[data-call]').count();
  await client.call('showcase.echo', { text: 'unseen' });
  assert.equal(await page.locator('[data-call]').count(), count, 'a paused list stands still');
  await page.getByRole('button', { name: 'Go on' }).click();
  await until('what came meanwhile is shown', async () => await page.locator('[data-call]').count() > count);
}

export async function sessions({ page, gateway }) {
  await new Client(gateway, 'short-lived').open();
  await visit(page, gateway, 'sessions');
  const rows = page.getByTestId('sessions').locator('tbody tr');
  await rows.filter({ hasText: 'claude-desktop' }).waitFor();
  await rows.filter({ hasText: 'cursor' }).waitFor();
  await page.getByRole('button', { name: 'Close the session of short-lived' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Close it' }).click();
  await rows.filter({ hasText: 'short-lived' }).waitFor({ state: 'detached' });
}

export async function logs({ page, gateway }) {
  await visit(page, gateway, 'logs');
  const rows = page.getByTestId('logs').locator('li');
  await rows.first().waitFor();
  await page.getByLabel('Source').selectOption('gateway');
  await page.getByLabel('Server', { exact: true }).selectOption('lately');
  await until('only what fits is left', async () => await rows.count() > 0 && await rows.evaluateAll((all) => all.every((one) => one.dataset.source === 'gateway' && one.querySelector('.log-from').textContent.startsWith('lately'))));
  const before = await rows.count();
  await gateway.post('/api/v1/servers/lately/restart');
  await until('what happens is followed', async () => await rows.count() > before);
  await page.getByLabel('Server', { exact: true }).selectOption('');
  await page.getByLabel('Source').selectOption('audit');
  await until('who ordered it stands in the audit', async () => await rows.count() > 0 && await rows.evaluateAll((all) => all.every((one) => one.dataset.source === 'audit')));
  assert.match(await rows.first().innerText(), /restart/i);
  await page.getByLabel('Source').selectOption('');
  await page.getByLabel('Least level').selectOption('warn');
  await until('only warnings and errors are left', async () => await rows.count() > 0 && (await rows.evaluateAll((all) => all.every((one) => ['warn', 'error'].includes(one.dataset.level)))));
  await rows.first().locator('button').click();
  await rows.first().locator('.log-more').waitFor();
  await page.getByLabel('Search in the text').fill('a text nobody has written');
  await page.getByText('No entry fits').waitFor();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await rows.first().waitFor();
}

export async function config({ page, gateway }) {
  await visit(page, gateway, 'config');
  await page.getByTestId('config').getByRole('button', { name: /^args/ }).first().click();
  await page.getByTestId('config').getByText('"simulate"').first().waitFor();
  assert.match(await page.locator('.head').innerText(), /config\.json/);
  await page.getByRole('button', { name: 'Check another' }).click();
  const verdict = page.getByTestId('verdict');
  await page.locator('[data-testid=verdict][data-valid=yes]').waitFor();
  await page.getByLabel('Configuration to check').fill('listen: 127.0.0.1:3210\nservers:\n  files:\n    command: npx\n    argz: [-y]\n');
  await page.locator('[data-testid=verdict][data-valid=no]').waitFor();
  await verdict.getByText('argz').first().waitFor();
  await verdict.getByText('Line 5').waitFor();
  assert.equal(await page.locator('.gutter-bad').innerText(), '5');
}
