// `compare --predict MODEL`: what the cost model expected of each strategy, beside what was measured, and
// how far off it was.

import { formatDuration, textTable } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import type { Dialect } from '../../replayer/dialects/index.ts';
import { readModel } from '../../replayer/model/file.ts';
import { Predictor, type Prediction } from '../../replayer/model/predict.ts';
import { planFacts } from '../../replayer/plan/index.ts';
import type { StrategyChain } from '../../replayer/strategies/chain.ts';
import { COST, PRICE } from '../report/metrics.ts';
import type { ReportJson } from '../report/schema.ts';

export interface PredictedStrategy {
  readonly strategy: string;
  readonly prediction: Prediction;
  /** Predicted ÷ measured; null where the measured is 0. */
  readonly service_total_off: number | null;
  readonly stall_p99_off: number | null;
}

/** Predicts every strategy of `report` on the whole recording, at its recorded times. Throws ToolError. */
export function predictStrategies(
  modelPath: string,
  recording: string,
  chains: readonly StrategyChain[],
  dialect: Dialect,
  report: ReportJson,
): readonly PredictedStrategy[] {
  const model = readModel(modelPath);
  return report.strategies.flatMap((row) => {
    const chain = chains.find(({ text }) => text === row.strategy);
    if (chain === undefined) return [];
    using reader = openTrace(recording);
    const predictor = new Predictor(model, chain.online?.maxEntries ?? 0);
    planFacts(reader.batches(), chain, dialect, (stream, steps) => predictor.steps(stream, steps));
    const prediction = predictor.end();
    const off = (predicted: number, measured: number): number | null =>
      measured === 0 ? null : predicted / measured;
    return [
      {
        strategy: row.strategy,
        prediction,
        service_total_off: off(prediction.service_total_ns, row.values[COST].median),
        stall_p99_off: off(prediction.stall_ns.p99, row.values[PRICE].median),
      },
    ];
  });
}

/** Prediction beside measurement, one row a strategy. */
export function predictionTable(
  report: ReportJson,
  predicted: readonly PredictedStrategy[],
): string {
  const times = (off: number | null): string => (off === null ? '–' : `× ${off.toFixed(2)}`);
  const rows = predicted.flatMap((one) => {
    const row = report.strategies.find(({ strategy }) => strategy === one.strategy);
    if (row === undefined) return [];
    return [
      [
        one.strategy,
        formatDuration(one.prediction.service_total_ns),
        formatDuration(row.values[COST].median),
        times(one.service_total_off),
        formatDuration(one.prediction.stall_ns.p99),
        formatDuration(row.values[PRICE].median),
        times(one.stall_p99_off),
      ],
    ];
  });
  const head = [
    '',
    'time in ioctls: model',
    'measured',
    'off by',
    'stall p99: model',
    'measured',
    'off by',
  ];
  return textTable([head, ...rows], [false, true, true, true, true, true, true]);
}
