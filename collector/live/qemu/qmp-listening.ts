// Listens to one or more attached QEMUs at once: each is a lane of the recording with streams of its own.

import { ToolError, formatSize, type Terminal } from '../../base/index.ts';
import { qemuLog } from '../../sources/qemu/log.ts';
import type { LiveFacts, Listening } from '../live-source.ts';
import type { Lane, Merger } from '../merger.ts';
import { ArrivalStamper, timeOfDaySeconds } from './arrival.ts';
import { likelyReason, watchSilence } from '../silence.ts';
import { attachQemu, movedBytes, type Attachment } from './attachment.ts';
import { arrivalFacts } from './log-listening.ts';
import type { QemuAddress } from './monitor.ts';

/** One guest on its way into the recording. A failure of its parser waits here for `run`. */
class GuestLane {
  readonly stamper = new ArrivalStamper(timeOfDaySeconds);
  readonly #lane: Lane;
  onRows: () => void = () => undefined;
  failure: unknown;
  /** Events of this guest so far. */
  get events(): number {
    return this.#lane.losses.seen;
  }

  onFailure: (error: unknown) => void = (error) => {
    this.failure ??= error;
  };

  constructor(lane: Lane) {
    this.#lane = lane;
  }

  push(bytes: Uint8Array): void {
    try {
      this.#lane.push(this.stamper.push(bytes));
      this.onRows();
    } catch (error) {
      this.onFailure(error);
    }
  }

  end(): void {
    this.#lane.push(this.stamper.end());
    this.#lane.end();
  }
}

interface Attached {
  readonly attachment: Attachment;
  readonly lane: GuestLane;
  /** QEMU's own name for the guest, or a number. */
  readonly name: string;
}

/** Attaches to all `addresses` or to none. Throws ToolError. */
export async function listenToQemus(
  addresses: readonly QemuAddress[],
  merger: Merger,
  options: { readonly doorbells: boolean; readonly terminal: Terminal },
): Promise<Listening> {
  const attached: Attached[] = [];
  try {
    for (const [i, address] of addresses.entries()) {
      let name = `vm${i + 1}`;
      const lane = new GuestLane(merger.open(qemuLog, () => (addresses.length > 1 ? name : '')));
      const onName = (found: string): void => void (name = found);
      const take = (bytes: Uint8Array): void => lane.push(bytes);
      const attachment = await attachQemu(address, { ...options, take, onName });
      attached.push({ attachment, lane, name });
    }
  } catch (error) {
    for (const { attachment } of attached) await attachment.detach();
    throw error;
  }
  tell(attached, options.terminal);
  return listening(attached, options.terminal);
}

function listening(attached: readonly Attached[], terminal: Terminal): Listening {
  return {
    async run(signal, step) {
      const early = attached.find(({ lane }) => lane.failure !== undefined);
      if (early !== undefined) throw early.lane.failure;
      for (const guest of attached) watchGuest(guest, signal, terminal);
      await new Promise<void>((resolve, reject) => {
        for (const { lane } of attached) {
          lane.onRows = step;
          lane.onFailure = reject;
        }
        if (signal.aborted) resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
        // All guests gone: nothing more can come.
        void Promise.all(attached.map(({ attachment }) => attachment.qmp.closed)).then(() =>
          resolve(),
        );
      });
    },
    async detach() {
      const failures: unknown[] = [];
      for (const { attachment, lane, name } of attached) {
        lane.onRows = () => undefined;
        lane.onFailure = (error) => failures.push(error);
        try {
          const kept = await attachment.detach();
          lane.end();
          if (kept !== undefined) {
            terminal.warn(
              `${name}: QEMU emptied its log on opening it again; what it held is in ${kept}`,
            );
          }
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw notPutBack(failures);
      terminal.story('QEMU logs as before again');
    },
    facts: (): LiveFacts => ({
      ...arrivalFacts(
        attached.map(({ lane }) => lane.stamper),
        `${attached.some(({ attachment }) => attachment.where.startsWith('libvirt:')) ? 'libvirt' : 'QMP'}, QEMU ${attached.map(({ attachment }) => attachment.version).join(', ')}`,
      ),
      guest: attached.map(({ name }) => name).join(', '),
    }),
  };
}

function notPutBack(failures: readonly unknown[]): ToolError {
  const first = failures[0];
  return new ToolError(
    'E_IO',
    `a QEMU could not be put back as it was: ${first instanceof Error ? first.message : String(first)}`,
    { cause: first, hint: "try again with 'iotlb record --restore'" },
  );
}

/** What attaching costs the guest, measured: 0.5–0.8 µs a log line. */
function tell(attached: readonly Attached[], terminal: Terminal): void {
  terminal.warn(
    'QEMU writes a log line for each event while the guest waits: 0.5–0.8 µs a line here; a guest that does little but invalidate slows down by an order of magnitude',
  );
  for (const { attachment, name: guest } of attached) {
    const { where, version, alreadyOn, logKnown, isLogLost } = attachment;
    terminal.story(`attached to ${guest} (QEMU ${version}, ${where})`);
    if (where.startsWith('libvirt:')) {
      terminal.story(
        `${guest}: libvirt marks it as tainted (custom-monitor) until it is next started`,
      );
    }
    if (alreadyOn.length > 0) {
      terminal.warn(
        `${guest}: ${alreadyOn.length} trace events were on already (${alreadyOn.slice(0, 3).join(', ')}…); while recording their lines come here and are skipped`,
      );
    }
    if (isLogLost) {
      terminal.warn(
        `${guest}: logs to what QEMU cannot open again (a socket, or another user's file or pipe): afterwards its log goes nowhere (give it -D FILE to keep one; its error messages are not concerned)`,
      );
    }
    if (!logKnown) {
      terminal.warn(
        `${guest}: where its log went cannot be seen; it will go to its standard error`,
      );
    }
  }
}

function watchGuest(
  { attachment, lane, name }: Attached,
  signal: AbortSignal,
  terminal: Terminal,
): void {
  watchSilence({
    signal,
    events: () => lane.events,
    moved: () => movedBytes(attachment),
    tell: (rate) =>
      terminal.warn(
        `${name}: no event for 30 s while it moves ${formatSize(rate)}/s: ${likelyReason(attachment.pid)}`,
      ),
  });
}
