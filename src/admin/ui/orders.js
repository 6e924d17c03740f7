// Orders to servers, with a question before the one that takes tools away.
import { part, post } from './api.js';
import { confirm } from './parts/dialog.js';
import { failed, toast } from './parts/toast.js';
import { servers } from './fleet.js';

const SAID = {
  restart: 'is being restarted',
  stop: 'is being stopped',
  start: 'is being started',
  probe: 'is being probed',
};

/** Gives an order; resolves to whether it was accepted. */
export async function order(name, action) {
  const server = servers.value.get(name);
  if (action === 'stop' && !await confirm({
    title: `Stop ${name}?`, go: 'Stop it',
    text: `Its tools are gone for every client until somebody starts it again.${server?.inFlight ? ` ${server.inFlight} of its calls in flight will end without a result.` : ''}`,
  })) return false;
  try {
    await post(`servers/${part(name)}/${action}`);
    toast(`${name} ${SAID[action]}.`);
    return true;
  } catch (fault) {
    failed(fault);
    return false;
  }
}
