// Servers: seen, killed, stopped, probed; and the gateway itself gone for a while.
import assert from 'node:assert/strict';
import { visit } from '../browser.mjs';
import { until } from '../until.mjs';

const tile = (page, name, state) => page.locator(`[data-server=${name}]${state ? `[data-state=${state}]` : ''}`);

export async function overview({ page, gateway }) {
  await visit(page, gateway);
  for (const [name, state] of [['showcase', 'ready'], ['worker', 'ready'], ['lately', 'ready'], ['broken', 'down']]) await tile(page, name, state).waitFor();
  const findings = page.getByTestId('findings');
  await findings.getByText('exit code 3').waitFor();
  assert.match(await findings.innerText(), /broken.*args.*env/s, 'what to do is said');
  assert.match(await tile(page, 'broken').innerText(), /Down.*Next try.*in \d/s, 'state as a word, and when it is tried again');
  assert.equal(await tile(page, 'showcase').locator('.score-number').count(), 1);
}

export async function killed({ page, gateway }) {
  await visit(page, gateway);
  await page.evaluate(() => { window.untouched = true; });
  const { pid } = await gateway.server('worker');
  process.kill(pid, 'SIGKILL');
  await tile(page, 'worker', 'down').waitFor();
  await page.getByTestId('findings').getByText('The gateway is not ready without it').waitFor();
  await page.locator('#announced').getByText('worker').waitFor({ state: 'attached' });
  await tile(page, 'worker', 'ready').waitFor();
  assert.ok(await page.evaluate(() => window.untouched), 'the page was not loaded again');
  assert.notEqual((await gateway.server('worker')).pid, pid);
}

export async function stopped({ page, gateway }) {
  await visit(page, gateway, 'servers/showcase');
  const before = await page.getByTestId('pid').innerText();
  await page.locator('[data-order=stop]').click();
  const question = page.getByRole('dialog');
  await question.getByRole('button', { name: 'Cancel' }).click();
  assert.equal((await gateway.server('showcase')).state, 'ready', 'a question that was declined changes nothing');
  await page.locator('[data-order=stop]').click();
  await question.getByRole('button', { name: 'Stop it' }).click();
  await page.locator('.head .badge', { hasText: 'Stopped' }).waitFor();
  await page.locator('[data-order=start]').click();
  await page.locator('.head .badge', { hasText: 'Ready' }).waitFor();
  await until('another process is shown', async () => await page.getByTestId('pid').count() === 1 && await page.getByTestId('pid').innerText() !== before);
}

export async function told({ page, gateway, client }) {
  await client.call('showcase.echo', { text: 'something to plot' });
  await visit(page, gateway, 'servers/showcase');
  await page.locator('[data-order=probe]').click();
  await page.locator('.timeline').getByText('An operator asked: probe').first().waitFor();
  await page.locator('.timeline').getByText('An operator asked: stop').first().waitFor();
  await page.locator('.uplot canvas').waitFor();
  for (const tier of ['Minutes', 'Hours', 'Recent']) {
    await page.getByRole('button', { name: tier }).click();
    const plot = page.getByRole('img', { name: new RegExp(`, ${tier.toLowerCase()}`) });
    await plot.or(page.getByText('Only one measurement yet')).waitFor();
  }
  await page.getByRole('meter', { name: 'Reliability' }).waitFor();
  await visit(page, gateway, 'servers/broken');
  await page.getByTestId('cause').getByText('exit code 3').waitFor();
  await visit(page, gateway, 'servers/nobody');
  await page.getByText('There is no server “nobody”').waitFor();
}

export async function lost({ page, gateway }) {
  await visit(page, gateway);
  await page.evaluate(() => { window.untouched = true; });
  await gateway.stop('SIGKILL');
  await page.getByTestId('connection-lost').getByText('Connection lost').waitFor();
  await page.locator('[data-live=no]').waitFor();
  await gateway.start();
  await page.locator('[data-live=yes]').waitFor();
  await page.getByTestId('connection-lost').waitFor({ state: 'detached' });
  const { pid } = await until('the server runs again', async () => { const one = await gateway.server('showcase'); return one.state === 'ready' && one; });
  await tile(page, 'showcase', 'ready').click();
  await page.getByTestId('pid').getByText(String(pid)).waitFor();
  assert.ok(await page.evaluate(() => window.untouched), 'the page was not loaded again');
}
