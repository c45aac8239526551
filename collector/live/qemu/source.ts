// The live `qemu` source: a log that grows, standard input, or running QEMUs attached over QMP.

import { ToolError } from '../../base/index.ts';
import type { LiveOptions, LiveSource, Restored } from '../live-source.ts';
import { restoreState } from './attachment.ts';
import { guestRuns, ofLibvirt } from './libvirt.ts';
import { listenToLog } from './log-listening.ts';
import { atSocket } from './monitor.ts';
import { listenToProbes } from './probe-tap.ts';
import { listenToQemus } from './qmp-listening.ts';
import { orphanedStates } from './saved-state.ts';
import { probesInstead } from './way.ts';

export const qemuLive: LiveSource = {
  name: 'qemu',
  summary: "a running QEMU over QMP, or its log as it grows: the emulated IOMMU's own trace events",
  usage:
    '--libvirt GUEST[,GUEST…], --qmp SOCKET[,SOCKET…], --pid PID[,PID…] (static probes), --log FILE --follow, or --log -',
  async attach(options, merger) {
    if (options.wait) await allRun(options);
    if (options.log !== undefined) {
      return listenToLog(options.log, merger, options);
    }
    if (options.qmp.length + options.libvirt.length > 0) {
      const addresses = [
        ...options.qmp.map(atSocket),
        ...(await Promise.all(options.libvirt.map((guest) => ofLibvirt(guest)))),
      ];
      const pids = probesInstead(addresses);
      if (pids === undefined) return listenToQemus(addresses, merger, options);
      options.terminal.story('this QEMU has no log trace backend: its static probes are used');
      return listenToProbes(pids, merger, options);
    }
    if (options.pids.length > 0) return listenToProbes(options.pids, merger, options);
    throw new ToolError('E_USAGE', "source 'qemu' needs to know where to listen", {
      hint: this.usage,
    });
  },
  async restore() {
    const restored: Restored[] = [];
    for (const state of orphanedStates()) restored.push(await restoreState(state));
    return restored;
  },
};

/** Waits until every guest of libvirt's that is named runs here. */
async function allRun({ libvirt, terminal, signal }: LiveOptions): Promise<void> {
  if (libvirt.length === 0) throw new ToolError('E_USAGE', '--wait needs --libvirt GUEST');
  terminal.story(`waiting for ${libvirt.join(', ')}`);
  for (const guest of libvirt) await guestRuns(guest, signal);
  if (signal.aborted) {
    throw new ToolError('E_INTERRUPTED', 'interrupted while waiting; nothing was recorded');
  }
}
