// A gateway with a token.
import assert from 'node:assert/strict';
import { open, picture, visit } from '../browser.mjs';
import { Gateway } from '../gateway.mjs';

const TOKEN = 'a-token-nobody-would-guess-0123456789';

export async function asked(world) {
  const { browser, watch, program, pictures } = world;
  const gateway = await new Gateway(program, { admin: { token: TOKEN }, servers: { showcase: { command: program, args: ['demo', 'demo'] } } }).start();
  const page = await open(browser, gateway, watch);
  world.page = page;
  await page.goto(`${gateway.url}/ui/tools`);
  const field = page.getByLabel('Token');
  await field.waitFor();
  await picture(page, pictures, 'login-light');
  await field.fill('not-this-one');
  await page.getByRole('button', { name: 'Open' }).click();
  await page.getByText('That is not the token of this gateway.').waitFor();
  await field.fill(TOKEN);
  await page.keyboard.press('Enter');
  await page.getByTestId('tools').getByText('showcase.echo').waitFor();
  assert.ok(page.url().endsWith('/ui/tools'), 'it goes on where it was asked');
  await visit(page, gateway, 'calls');
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes('token'))), [], 'the token is not kept beyond the tab');
  await page.getByRole('button', { name: 'Forget the token' }).click();
  await field.waitFor();
  await page.context().close();
  await gateway.stop();
}
