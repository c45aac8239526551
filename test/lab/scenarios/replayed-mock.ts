// The mock through `iotlb replay`: after so many requests, exactly the slots that their pages stand for are
// invalidated, by the mock's own check operation.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from '../../../collector/base/index.ts';
import { openTrace } from '../../../collector/format/index.ts';
import { KIND, PRESENT } from '../../../collector/model/index.ts';
import { bundleCommand } from '../bundle.ts';
import { runGuest } from '../guest.ts';
import { GUEST_SHARE } from '../initramfs.ts';
import { importRecording } from '../planned.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';

const RECORDING = 'vtd-fs-strict';
const DIALECTS = ['hwpt-selftest', 'viommu-selftest'] as const;

/** A few requests first, so that some slots must stay; then all of them, grouped. Each start is slow under emulation: few runs. */
const runs = [
  { dialect: 'hwpt-selftest', strategy: 'none', limit: 1 },
  { dialect: 'hwpt-selftest', strategy: 'none', limit: 3 },
  { dialect: 'hwpt-selftest', strategy: 'drain', limit: 1000 },
  { dialect: 'viommu-selftest', strategy: 'none', limit: 2 },
  { dialect: 'viommu-selftest', strategy: 'adjacent', limit: 1000 },
] as const;

interface ReplayJson {
  readonly issuer_description: string;
  readonly issued_entries: number;
  readonly entries_done: number;
  readonly errors: Readonly<Record<string, number>>;
}

/** Slots of the first `limit` requests by the rule: a range's pages modulo 4, everything without a range. */
function slotsOf(trace: string, limit: number): string {
  using reader = openTrace(trace);
  const slots = new Set<number>();
  let requests = 0;
  for (const batch of reader.batches()) {
    for (let row = 0; row < batch.count && requests < limit; row++) {
      if (batch.kind[row] !== KIND.barrier) requests++;
      if (batch.kind[row] !== KIND.iotlb) continue;
      const ranged = (batch.present[row] & PRESENT.range) !== 0;
      const pages = ranged ? Math.min(4, batch.pages[row]) : 4;
      for (let i = 0; i < pages; i++) slots.add(((ranged ? batch.page[row] : 0) + i) % 4);
    }
  }
  return [...slots].sort((a, b) => a - b).join(' ');
}

export async function replayedMocks(context: ScenarioContext): Promise<readonly Part[]> {
  const trace = importRecording(RECORDING, context.folder);
  const command = await bundleCommand();
  const script = runs
    .map(
      ({ dialect, strategy, limit }, i) =>
        `node '${command}' replay ${GUEST_SHARE}/recording.arrow --issuer iommufd --dialect ${dialect} --strategy ${strategy} --limit ${limit} --asap --json > ${GUEST_SHARE}/${i}.json || exit\n`,
    )
    .join('');
  const result = await runGuest({
    machine: 'vtd-legacy',
    folder: join(context.folder, 'replayed'),
    script,
    files: [{ name: 'recording.arrow', from: trace }],
  });
  context.story(`  vtd-legacy guest replayed to the mock in ${result.seconds.toFixed(1)} s`);
  if (result.exit !== 0)
    throw new ToolError('E_IO', `iotlb replay failed in the guest:\n${result.stderr}`);
  const answers = runs.map(
    (_, i) => JSON.parse(readFileSync(join(result.share, `${i}.json`), 'utf8')) as ReplayJson, // design 7
  );
  return DIALECTS.map((dialect) => {
    const mine = answers.filter((_, i) => runs[i].dialect === dialect);
    const complaints = runs.flatMap((run, i) => {
      if (run.dialect !== dialect) return [];
      const { issuer_description, issued_entries, entries_done, errors } = answers[i];
      const name = `${run.strategy}, ${run.limit} requests`;
      const wanted = `slots invalidated: ${slotsOf(trace, run.limit)}`;
      return [
        ...(issuer_description.endsWith(wanted)
          ? []
          : [`${name}: '${issuer_description}' instead of '${wanted}'`]),
        ...(issued_entries === entries_done
          ? []
          : [`${name}: ${entries_done} of ${issued_entries} done`]),
        ...Object.keys(errors).map((errno) => `${name}: ${errno}`),
      ];
    });
    const sum = (pick: (answer: ReplayJson) => number): number =>
      mine.reduce((total, answer) => total + pick(answer), 0);
    return partOf(
      `replay ${dialect}`,
      { asked: sum((answer) => answer.issued_entries), seen: sum((answer) => answer.entries_done) },
      complaints,
    );
  });
}
