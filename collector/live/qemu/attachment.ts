// One QEMU attached: its log goes into our FIFO and the few events that carry the stream are on. Every
// change is on disk before it is made, and undone in reverse.

import { z } from 'zod';

import { ToolError, systemErrorCode } from '../../base/index.ts';
import { LogFifo, removeFifo } from './fifo.ts';
import type { Restored } from '../live-source.ts';
import { networkBytes } from '../silence.ts';
import { liveEvents } from './events.ts';
import { reopenLog } from './kept-log.ts';
import { ofLibvirt } from './libvirt.ts';
import { atSocket, logFileOf, type Monitor, type QemuAddress } from './monitor.ts';
import { logFileHere } from './peer.ts';
import { forgetState, orphanedStates, saveState, type SavedState } from './saved-state.ts';

const eventStates = z.array(z.object({ name: z.string(), state: z.string() }));
const blockStats = z.array(
  z.object({ stats: z.object({ rd_bytes: z.number(), wr_bytes: z.number() }) }),
);
const nameSchema = z.object({ name: z.string().optional() });

export interface Attachment {
  /** How it was reached. */
  readonly where: string;
  readonly qmp: Monitor;
  readonly version: string;
  /** Undefined where this user may not see it. */
  readonly pid: number | undefined;
  /** Events that were on before: their lines come too, and are skipped. */
  readonly alreadyOn: readonly string[];
  /** Where QEMU's log went before could be seen. */
  readonly logKnown: boolean;
  /** It logged where it cannot be told to log again; afterwards its log goes nowhere. */
  readonly isLogLost: boolean;
  /**
   * Undoes everything; what is still in the FIFO is handed over. Returns where the earlier contents of a log
   * are that QEMU emptied when it opened it again.
   */
  detach(): Promise<string | undefined>;
}

/**
 * Attaches to the QEMU at `address`; its log goes to `take` from the first line on, because a guest whose
 * log nobody reads stands still. Throws ToolError, with everything as it was.
 */
export async function attachQemu(
  address: QemuAddress,
  options: {
    /** Told before the first line comes, where the guest has a name. */
    readonly onName: (name: string) => void;
    readonly doorbells: boolean;
    readonly take: (bytes: Uint8Array) => void;
  },
): Promise<Attachment> {
  const { name: where } = address;
  for (const state of orphanedStates()) if (state.socket === where) await restoreState(state);
  const qmp = await address.connect();
  try {
    const states = eventStates.parse(await qmp.execute('trace-event-get-state', { name: '*' }));
    const stateOf = new Map(states.map(({ name, state }) => [name, state]));
    const wanted = liveEvents(options.doorbells).filter(
      (name) => (stateOf.get(name) ?? 'unavailable') !== 'unavailable',
    );
    if (wanted.length === 0) throw noEvents(where);
    const { name } = nameSchema.parse(await qmp.execute('query-name'));
    if (name !== undefined) options.onName(name);
    const peer = address.peer();
    const state: Omit<SavedState, 'version' | 'recorder'> & { fifo: string } = {
      socket: where,
      ...(address.libvirt === undefined ? {} : { libvirt: address.libvirt }),
      fifo: '',
      logfile: logFileOf(peer),
      switched_on: wanted.filter((event) => stateOf.get(event) === 'disabled'),
    };
    const fifo = new LogFifo(peer?.uid ?? process.getuid?.() ?? 0, address.folder());
    state.fifo = fifo.path;
    await fifo.enlarge();
    fifo.listen(options.take);
    saveState(state);
    try {
      await qmp.human(`logfile "${fifo.path}"`);
      await setEvents(qmp, state.switched_on, true);
    } catch (error) {
      await undo(qmp, address, state);
      fifo.remove();
      forgetState(where);
      throw error;
    }
    return {
      where,
      qmp,
      version: qmp.version,
      pid: peer?.pid,
      alreadyOn: states.filter((each) => each.state === 'enabled').map((each) => each.name),
      logKnown: peer !== undefined,
      isLogLost: peer?.isLogLost ?? false,
      async detach() {
        try {
          const kept = qmp.isOpen ? await undo(qmp, address, state) : undefined;
          forgetState(where);
          return kept;
        } finally {
          qmp.close();
          fifo.drain(options.take);
        }
      },
    };
  } catch (error) {
    qmp.close();
    throw error;
  }
}

/** Puts a QEMU back that a killed recorder left. Throws ToolError where it cannot be reached. */
export async function restoreState(state: SavedState): Promise<Restored> {
  let qmp: Monitor;
  let address: QemuAddress;
  const { libvirt } = state;
  try {
    address =
      libvirt === undefined ? atSocket(state.socket) : await ofLibvirt(libvirt.guest, libvirt.uri);
    qmp = await address.connect();
  } catch (error) {
    if (!isGone(error)) throw error;
    removeFifo(state.fifo);
    forgetState(state.socket);
    return { what: state.socket, result: 'gone' };
  }
  let kept: string | undefined;
  try {
    kept = await undo(qmp, address, state);
  } finally {
    qmp.close();
  }
  removeFifo(state.fifo);
  forgetState(state.socket);
  return {
    what: state.socket,
    result: 'restored',
    ...(kept === undefined ? {} : { earlier_log: kept }),
  };
}

/** Returns where the earlier contents of the log are, where QEMU emptied it. Throws ToolError. */
async function undo(
  qmp: Monitor,
  address: QemuAddress,
  state: Pick<SavedState, 'logfile' | 'switched_on'>,
): Promise<string | undefined> {
  await setEvents(qmp, state.switched_on, false);
  const pid = address.peer()?.pid;
  const path = pid === undefined ? undefined : logFileHere({ pid, logFile: state.logfile });
  return await reopenLog(path, () => qmp.human(`logfile "${state.logfile}"`));
}

async function setEvents(qmp: Monitor, names: readonly string[], enable: boolean): Promise<void> {
  await qmp.executeEach(
    'trace-event-set-state',
    names.map((name) => ({ name, enable })),
  );
}

/** Its QEMU has ended: there is nothing left to put back. */
function isGone(error: unknown): boolean {
  if (!(error instanceof ToolError)) return false;
  const code = systemErrorCode(error.cause);
  if (/does not run on this machine|failed to get domain/.test(error.message)) return true;
  return code === 'ENOENT' || code === 'ECONNREFUSED';
}

function noEvents(where: string): ToolError {
  return new ToolError(
    'E_NOT_SUPPORTED',
    `${where}: this QEMU has no trace events of an emulated IOMMU; nothing was changed`,
    { hint: "it was built without the 'log' trace backend or without such a device" },
  );
}

/** Bytes that the guest's disks and cards have moved. Throws ToolError. */
export async function movedBytes({ qmp, pid }: Pick<Attachment, 'qmp' | 'pid'>): Promise<number> {
  const blocks = blockStats.parse(await qmp.execute('query-blockstats'));
  const disks = blocks.reduce((sum, { stats }) => sum + stats.rd_bytes + stats.wr_bytes, 0);
  return disks + (pid === undefined ? 0 : networkBytes(pid));
}
