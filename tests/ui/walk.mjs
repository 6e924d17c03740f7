// The walk through the interface. `node walk.mjs GATEWAY_PROGRAM FOLDER_FOR_PICTURES`
import assert from 'node:assert/strict';
import { launch, open, Watch } from './browser.mjs';
import { Client, Gateway } from './gateway.mjs';
import * as fleet from './steps/fleet.mjs';
import * as tools from './steps/tools.mjs';
import * as watching from './steps/watching.mjs';
import * as bench from './steps/bench.mjs';
import * as keyboard from './steps/keyboard.mjs';
import * as login from './steps/login.mjs';
import * as looks from './steps/looks.mjs';

const [program, pictures] = process.argv.slice(2);
/** Long enough that a fall is seen; what is broken stays so. */
const patient = (delay) => ({ initial_delay: delay, max_delay: delay, jitter: false });

const gateway = await new Gateway(program, {
  servers: {
    showcase: { command: program, args: ['demo', 'demo'] },
    worker: { command: program, args: ['simulate', '--tools', '3'], reconnection: patient('3s'), required: true },
    lately: { command: program, args: ['simulate', '--tools', '2', '--delay', '20'] },
    broken: { command: program, args: ['simulate', '--crash-at-start', '3'], reconnection: patient('1h') },
  },
}).start();
const client = await new Client(gateway, 'claude-desktop').open();
await new Client(gateway, 'cursor').open();
const browser = await launch();
const watch = new Watch();
const world = { gateway, client, browser, watch, pictures, program };
const began = Date.now();

async function step(name, run, ...more) {
  const since = Date.now();
  try {
    await run(world, ...more);
  } catch (error) {
    await world.page?.screenshot({ path: `${pictures}/failed.png` }).catch(() => {});
    console.error(`\nFAILED: ${name}\n${error.stack}\n${watch.complaints.join('\n')}`);
    process.exit(1);
  }
  console.log(`ok  ${name} (${((Date.now() - since) / 1000).toFixed(1)} s)`);
}

world.page = await open(browser, gateway, watch);
await step('the overview shows every server and what is wrong', fleet.overview);
await step('a killed server falls and comes back without a reload', fleet.killed);
await step('a server is stopped after a question, and started again', fleet.stopped);
await step('a probe is told in the timeline, and the plot is drawn', fleet.told);
await step('tools are found, sorted, and tell how they do', tools.found);
await step('a tool is tried by its form, and its frames are read', tools.tried);
await step('a form says what is missing, and JSON may be written instead', tools.refused);
await step('a tool is switched off and on', tools.switched);
await step('a live call moves, ends, and tells where its time went', watching.calls);
await step('sessions are shown, and one is closed', watching.sessions);
await step('logs are filtered, searched and followed', watching.logs);
await step('the configuration is masked, and a bad one is told line by line', watching.config);
await step('a raw message is sent and its frames go by', bench.sent);
await step('a recording is replayed', bench.replayed);
await step('everything is reached by the keyboard alone', keyboard.walked);
await step('the theme is switched and remembered', looks.theme);
for (const theme of ['light', 'dark']) await step(`every page is pictured, ${theme}`, looks.pictured, theme);
await step('a page fits a telephone', looks.narrow);
watch.excuse(/ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/);
await step('a lost connection is told, and what comes back is shown', fleet.lost);
watch.excuse(/status of 401/);
await step('a token is asked for', login.asked);
await step('nothing breached the policy, complained, or went elsewhere', () => {
  assert.deepEqual(watch.complaints, []);
  assert.deepEqual(watch.foreign, []);
});
await browser.close();
await gateway.stop();
console.log(`all well in ${((Date.now() - began) / 1000).toFixed(0)} s; pictures are in ${pictures}`);
process.exit(0);
