// The live `qemu` source: a log that grows, standard input, or running QEMUs attached over QMP.

import { ToolError } from '../../base/index.ts';
import type { LiveSource, Restored } from '../live-source.ts';
import { restoreState } from './attachment.ts';
import { listenToLog } from './log-listening.ts';
import { listenToProbes } from './probe-tap.ts';
import { listenToQemus } from './qmp-listening.ts';
import { orphanedStates } from './saved-state.ts';
import { probesInstead } from './way.ts';

export const qemuLive: LiveSource = {
  name: 'qemu',
  summary: "a running QEMU over QMP, or its log as it grows: the emulated IOMMU's own trace events",
  usage:
    '--qmp SOCKET[,SOCKET…], --pid PID[,PID…] (static probes), --log FILE --follow, or --log -',
  async attach(options, merger) {
    if (options.log !== undefined) {
      return listenToLog(options.log, merger, options);
    }
    if (options.qmp.length > 0) {
      const pids = probesInstead(options.qmp);
      if (pids === undefined) return listenToQemus(options.qmp, merger, options);
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
