// What a strategy plans for a recording, as the bytes of each ioctl: the lab's side of the comparison.
// Uses the project's planner and dialects, as the replay inside the guest does.

import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { openTrace } from '../../collector/format/index.ts';
import { commandsOf, dialects } from '../../replayer/dialects/index.ts';
import { planTrace } from '../../replayer/planner/index.ts';
import { parseChain } from '../../replayer/strategies/chain.ts';
import { checkout, labSource } from './cache.ts';

/** The command as a user has it. */
const iotlb = join(checkout, 'dist', 'main.js');

/** Imports one of the lab's recordings, an unedited stretch of a real guest's log, into the folder. */
export function importRecording(name: string, folder: string): string {
  const trace = join(folder, `${name}.arrow`);
  const log = labSource('recordings', `${name}.qemu.log.zst`);
  execFileSync(process.execPath, [iotlb, 'import', log, '--output', trace, '--force'], {
    stdio: 'pipe',
  });
  return trace;
}

export interface PlannedBytes {
  /** Requests of the recording that the dialect can say. */
  readonly requests: number;
  /** The entries of every step, in order, one array a step. */
  readonly calls: readonly Uint8Array[];
}

/** The entries of a one-stream recording under a strategy and a dialect. */
export function plannedBytes(trace: string, strategy: string, dialectName: string): PlannedBytes {
  using reader = openTrace(trace);
  const dialect = dialects.get(dialectName);
  const plan = planTrace(reader.batches(), parseChain(strategy), dialect);
  const calls = plan.streams.flatMap(({ steps }) => {
    return Array.from({ length: steps.steps }, (_, step) => {
      const entries = Array.from(
        { length: steps.entryEnd[step] - steps.entryStart(step) },
        (__, i) => steps.entryStart(step) + i,
      );
      const each = entries.map((entry) => commandsOf(dialect, steps, entry) * dialect.entryBytes);
      const bytes = new Uint8Array(each.reduce((sum, size) => sum + size, 0));
      const view = new DataView(bytes.buffer);
      let at = 0;
      entries.forEach((entry, i) => {
        dialect.encode(steps, entry, view, at);
        at += each[i];
      });
      return bytes;
    });
  });
  return { requests: plan.facts.replayable, calls };
}
