// What a QEMU traces, asked over its QMP socket.

import { QmpClient } from '../../collector/live/qemu/qmp.ts';

/** Names of the trace events that are on. */
export async function eventsOn(socket: string): Promise<readonly string[]> {
  const qmp = await QmpClient.connect(socket);
  const states = (await qmp.execute('trace-event-get-state', { name: '*' })) as {
    readonly name: string;
    readonly state: string;
  }[];
  qmp.close();
  return states.filter(({ state }) => state === 'enabled').map(({ name }) => name);
}

/** Switches one trace event. */
export async function switchEvent(socket: string, name: string, enable: boolean): Promise<void> {
  const qmp = await QmpClient.connect(socket);
  await qmp.execute('trace-event-set-state', { name, enable });
  qmp.close();
}
