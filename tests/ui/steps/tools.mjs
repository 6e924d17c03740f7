// Tools: found, tried, switched.
import assert from 'node:assert/strict';
import { visit } from '../browser.mjs';
import { until } from '../until.mjs';

export async function found({ page, gateway, client }) {
  for (let count = 1; count <= 12; count += 1) await client.call('showcase.add', { a: 1, b: count });
  await client.call('showcase.fail', { message: 'no such luck' });
  await visit(page, gateway, 'tools');
  const rows = page.getByTestId('tools').locator('tbody tr');
  await rows.first().waitFor();
  await page.getByRole('button', { name: 'Calls' }).click();
  await until('the most called comes first', async () => /showcase\.add/.test(await rows.first().innerText()));
  assert.match(await rows.first().innerText(), /\d ms/, 'its times are told');
  await page.getByLabel('Search tools').fill('fail');
  await until('only what fits is left', async () => await rows.count() < 4 && /fail/.test(await rows.first().innerText()));
  assert.match(page.url(), /search=fail/, 'the search stands in the address');
  await page.getByLabel('Search tools').fill('no tool is called so');
  await page.getByText('No tool fits').waitFor();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await until('all are back', async () => await rows.count() > 4);
}

export async function tried({ page, gateway }) {
  await visit(page, gateway, 'tools/showcase.add');
  const form = page.getByTestId('try-form');
  await form.locator('[name=a]').fill('19.5');
  await form.locator('[name=b]').fill('22.5');
  await form.getByRole('button', { name: 'Call the tool' }).click();
  const result = page.getByTestId('result');
  await result.locator('.badge', { hasText: 'OK' }).waitFor();
  assert.match(await result.innerText(), /42/);
  assert.match(await result.innerText(), /\d(\.\d+)? ms/, 'the time it took');
  const frames = result.getByTestId('frames');
  await frames.locator('[data-direction=out]').first().locator('button').click();
  await frames.locator('.frame-body').getByText('tools/call').first().waitFor();
  await frames.locator('[data-direction=in]').last().locator('button').click();
  await frames.locator('.frame-body').getByText('"result"').first().waitFor();
}

export async function refused({ page, gateway }) {
  await visit(page, gateway, 'tools/showcase.add');
  const form = page.getByTestId('try-form');
  await form.locator('[name=a]').fill('many');
  await form.getByRole('button', { name: 'Call the tool' }).click();
  await form.getByText('Write a number.').waitFor();
  await form.getByText('This is required.').waitFor();
  await page.getByRole('button', { name: 'JSON' }).click();
  await form.getByLabel('Arguments').fill('{ "a": 1, ');
  await form.getByRole('button', { name: 'Call the tool' }).click();
  await page.getByText('The arguments are no JSON.').waitFor();
  await form.getByLabel('Arguments').fill('{ "a": 1, "b": 2 }');
  await form.getByRole('button', { name: 'Call the tool' }).click();
  await page.getByTestId('result').locator('.badge', { hasText: 'OK' }).waitFor();
  await visit(page, gateway, 'tools/showcase.fail');
  await form.locator('[name=message]').fill('told as it is');
  await form.getByRole('button', { name: 'Call the tool' }).click();
  await page.getByTestId('result').locator('.badge', { hasText: 'Tool error' }).waitFor();
}

export async function switched({ page, gateway }) {
  await visit(page, gateway, 'tools');
  await page.getByRole('switch', { name: 'showcase.big is enabled' }).click();
  await page.getByRole('switch', { name: 'showcase.big is disabled' }).waitFor();
  assert.equal((await gateway.get('/api/v1/tools/showcase.big')).enabled, false);
  await visit(page, gateway, 'tools/showcase.big');
  assert.ok(await page.getByRole('button', { name: 'Call the tool' }).isDisabled(), 'what is off cannot be tried');
  await page.getByRole('switch', { name: 'showcase.big is disabled' }).click();
  await page.getByRole('switch', { name: 'showcase.big is enabled' }).waitFor();
  await until('it can be called', async () => !await page.getByRole('button', { name: 'Call the tool' }).isDisabled());
}
