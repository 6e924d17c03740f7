// The protocol bench: raw messages, frames, recordings.
import assert from 'node:assert/strict';
import { visit } from '../browser.mjs';
import { until } from '../until.mjs';

async function send(page, template) {
  await page.getByLabel('Template').selectOption(template);
  await page.getByRole('button', { name: 'Send', exact: true }).click();
}

export async function sent({ page, gateway }) {
  await visit(page, gateway, 'bench/showcase');
  await send(page, 'tools/list');
  await page.getByTestId('response').getByText('"inputSchema"').first().waitFor();
  const frames = page.locator('.frames-card');
  await frames.locator('[data-direction=out]', { hasText: 'tools/list' }).first().waitFor();
  await frames.locator('[data-direction=in]').first().locator('button').click();
  await frames.locator('.frame-body').first().waitFor();
  await send(page, 'an unknown method');
  await page.getByTestId('response').getByText('-32601').waitFor();
  await page.getByLabel('Message').fill('{ "jsonrpc": ');
  await page.getByRole('button', { name: 'Send', exact: true }).click();
  await page.getByText('This is no JSON.').waitFor();
}

export async function replayed({ page, gateway }) {
  await visit(page, gateway, 'bench/showcase');
  await page.getByRole('button', { name: 'Record', exact: true }).click();
  await page.getByRole('button', { name: 'Stop recording' }).waitFor();
  await send(page, 'tools/list');
  await page.getByTestId('response').getByText('"inputSchema"').first().waitFor();
  await page.getByRole('button', { name: 'Stop recording' }).click();
  const recordings = page.getByTestId('recordings');
  await recordings.getByRole('button', { name: 'Replay' }).click();
  const replay = page.getByTestId('replay');
  await replay.getByText('Identical').waitFor();
  assert.match(await replay.innerText(), /tools\/list/);
  await until('it may be deleted', async () => await recordings.getByLabel('Delete this recording').count() === 1);
}
