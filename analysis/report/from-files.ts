// Result files (and, where at hand, their recording) -> ReportJson, without a comparison being run: loads
// them into an engine in memory and reports what they have in common.

import { ToolError } from '../../collector/base/index.ts';
import { IN_MEMORY, openStore } from '../store/index.ts';
import { loadFile } from '../store/load.ts';
import { buildReport } from './build.ts';
import type { ReportJson } from './schema.ts';

/**
 * The files must be runs of one comparison, or single runs of one recording. The baseline is `none` where it is
 * among them; otherwise it must be named, because the order of files on a command line says nothing. Throws ToolError.
 */
export async function reportFromFiles(
  paths: readonly string[],
  baseline?: string,
): Promise<ReportJson> {
  const store = await openStore(IN_MEMORY);
  try {
    const comparisons = new Set<string>();
    const traces = new Set<string>();
    const order: string[] = [];
    for (const path of paths) {
      const loaded = await loadFile(store, path);
      if (loaded.kind === 'trace') continue;
      comparisons.add(loaded.header.comparison_id);
      traces.add(loaded.header.trace.digest);
      if (!order.includes(loaded.header.plan.strategy)) order.push(loaded.header.plan.strategy);
    }
    const [comparison] = comparisons;
    if (comparison === undefined) {
      throw new ToolError('E_EMPTY', 'none of the files is a result; nothing was reported', {
        hint: "results come from 'iotlb compare' and 'iotlb replay -o FILE'",
      });
    }
    if (comparisons.size > 1 || traces.size > 1) {
      throw new ToolError(
        'E_MISMATCH',
        `the files are runs of ${comparisons.size} comparisons over ${traces.size} recordings; nothing was reported`,
        { hint: 'give the results of one comparison at a time' },
      );
    }
    return await buildReport(store, comparison, baselineFirst(order, baseline));
  } finally {
    await store.close();
  }
}

/** The strategies, the baseline first. */
export function baselineFirst(
  strategies: readonly string[],
  named: string | undefined,
): readonly string[] {
  const baseline = named ?? (strategies.length === 1 ? strategies[0] : 'none');
  if (strategies.includes(baseline)) {
    return [baseline, ...strategies.filter((strategy) => strategy !== baseline)];
  }
  const what =
    named === undefined ? "there is no 'none' to compare with" : `'${named}' is not there`;
  throw new ToolError('E_USAGE', `${what}; nothing was reported`, {
    hint: `name the baseline with --baseline, one of: ${strategies.join(', ')}`,
  });
}
