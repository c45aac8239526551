// Recording -> replays -> store -> report: what `compare` and `demo` share.

import { ToolError, jsonText } from '../../collector/base/index.ts';
import type { CostModel } from '../../replayer/model/cost-model.ts';
import { buildReport } from '../report/build.ts';
import type { ReportJson } from '../report/schema.ts';
import { openStore, requireStore, type StorePlace } from '../store/index.ts';
import { loadFile } from '../store/load.ts';
import { predictionOf } from './prediction.ts';
import { runComparison, type ComparisonOptions } from './run.ts';

export interface Comparison {
  readonly report: ReportJson;
  /** The report's JSON file, beside the results. */
  readonly reportPath: string;
  readonly interrupted: boolean;
}

/**
 * Runs, loads and reports. The engine is opened only after the last replay, so that its threads disturb
 * none. Throws ToolError; result files already written stay.
 */
export async function compareStrategies(
  options: ComparisonOptions & { readonly model?: CostModel | undefined },
  place: StorePlace,
): Promise<Comparison> {
  await requireStore(place);
  const runs = await runComparison(options);
  if (runs.wholeRounds === 0) {
    throw new ToolError(
      'E_INTERRUPTED',
      `interrupted before the first round was whole; ${runs.files.length} results are kept in ${options.folder.path}`,
    );
  }
  const store = await openStore(place);
  try {
    await loadFile(store, options.recording);
    for (const path of runs.files) await loadFile(store, path);
    const measured = await buildReport(
      store,
      runs.comparisonId,
      options.chains.map((chain) => chain.text),
    );
    const { model, pace } = options;
    const report =
      model === undefined
        ? measured
        : {
            ...measured,
            prediction: predictionOf(model, runs.planned, pace, measured.strategies),
          };
    const output = options.folder.file('report.json');
    output.write([jsonText(report)]);
    return { report, reportPath: output.path, interrupted: runs.interrupted };
  } finally {
    await store.close();
  }
}
