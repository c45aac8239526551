// Recorders that attach to a lab guest over QMP: one that is let go and one that is killed and undone. Says
// what they left otherwise than they found it.

import { peerOf } from '../../collector/live/qemu/peer.ts';
import { eventsOn } from '../support/qmp-events.ts';
import { startIotlb } from '../support/running-cli.ts';
import { eventsIn } from './agreement.ts';
import type { Dialog } from './dialog.ts';

/** A recorder is stopped when it has so many: some hundred requests, each with its wait. */
const ENOUGH_EVENTS = 1000;

/** Where a guest is attached, and where recorders note what they must put back. */
export interface Host {
  readonly socket: string;
  readonly env: NodeJS.ProcessEnv;
}

/** How a recorder must leave a QEMU. */
const stateOf = async (socket: string): Promise<string> =>
  `${(await eventsOn(socket)).join(' ')} to ${peerOf(socket)?.logFile}`;

/** Starts a recorder and waits until it has enough. */
async function recordEnough(
  dialog: Dialog,
  host: Host,
  output: string,
): Promise<ReturnType<typeof startIotlb>> {
  const running = startIotlb(['record', '--qmp', host.socket, '-o', output], host.env);
  let said: string | undefined;
  void running.ended.then(({ stderr }) => (said = stderr));
  await dialog.until(output, () => said !== undefined || eventsIn(output) >= ENOUGH_EVENTS);
  return running;
}

/** Attaches and lets go; what differs from before is a complaint. */
export async function attached(
  dialog: Dialog,
  host: Host,
  output: string,
): Promise<readonly string[]> {
  const before = await stateOf(host.socket);
  const running = await recordEnough(dialog, host, output);
  dialog.tell('attached');
  await dialog.hear('marked');
  running.process.kill('SIGINT');
  const { code, stderr } = await running.ended;
  dialog.tell('detached');
  const after = await stateOf(host.socket);
  return [
    ...(code === 0 ? [] : [`exit code ${code}: ${stderr}`]),
    ...(before === after ? [] : [`found ${before}, left ${after}`]),
  ];
}

/** Kills the recorder and has another put back what it left. */
export async function killed(
  dialog: Dialog,
  host: Host,
  output: string,
): Promise<readonly string[]> {
  const before = await stateOf(host.socket);
  const running = await recordEnough(dialog, host, output);
  running.process.kill('SIGKILL');
  await running.ended;
  const between = await stateOf(host.socket);
  const restored = await startIotlb(['record', '--restore'], host.env).ended;
  const after = await stateOf(host.socket);
  return [
    ...(between === before ? ['the killed recorder left nothing to put back'] : []),
    ...(restored.code === 0 ? [] : [`--restore: ${restored.stderr}`]),
    ...(before === after ? [] : [`found ${before}, left ${after}`]),
  ];
}
