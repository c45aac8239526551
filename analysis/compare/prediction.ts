// `compare --predict MODEL`: what the cost model expected of each strategy, beside what was measured, and
// how far off it was. The plans are the very ones that were replayed.

import { formatDuration, textTable } from '../../collector/base/index.ts';
import type { Pace } from '../../replayer/cli/pacing-flags.ts';
import { modelSource, type CostModel } from '../../replayer/model/cost-model.ts';
import { predictPlan } from '../../replayer/model/predict.ts';
import type { PlannedTrace } from '../../replayer/result/replay.ts';
import { SERVICE, STALL, shownOf } from '../report/metrics.ts';
import type { ReportPrediction, ReportStrategy } from '../report/schema.ts';

/** Expected and measured, for each strategy that was measured. */
export function predictionOf(
  model: CostModel,
  planned: readonly PlannedTrace[],
  pace: Pace,
  measured: readonly ReportStrategy[],
): ReportPrediction {
  const strategies = measured.flatMap((row) => {
    const plan = planned.find((one) => one.plan.facts.strategy === row.strategy)?.plan;
    if (plan === undefined) return [];
    const prediction = predictPlan(plan, model);
    const expectedNs = prediction.service_total_ns * pace.passes;
    return [
      {
        strategy: row.strategy,
        prediction,
        service_total_ns: expectedNs,
        service_total_off: ratio(expectedNs, shownOf(row, SERVICE)),
        stall_p99_off: isAsRecorded(pace)
          ? ratio(prediction.stall_ns.p99, shownOf(row, STALL))
          : null,
      },
    ];
  });
  const note = isAsRecorded(pace)
    ? `Not measured: expected by ${modelSource(model)}.`
    : `Not measured: expected by ${modelSource(model)}. It queues at the recorded times, this ran at others: its stall is not comparable.`;
  return { note, strategies };
}

/** Queueing is predicted at the recording's own times, one pass. */
function isAsRecorded({ pacing, passes, maxGapNs }: Pace): boolean {
  return pacing.kind === 'recorded' && pacing.speed === 1 && passes === 1 && maxGapNs === undefined;
}

function ratio(expected: number | null, measured: number | null): number | null {
  return expected !== null && measured !== null && measured > 0 ? expected / measured : null;
}

/** Prediction beside measurement, one row a strategy. */
export function predictionTable(
  { note, strategies }: ReportPrediction,
  measured: readonly ReportStrategy[],
): string {
  const times = (off: number | null): string => (off === null ? '–' : `× ${off.toFixed(2)}`);
  const rows = strategies.flatMap((one) => {
    const row = measured.find(({ strategy }) => strategy === one.strategy);
    if (row === undefined) return [];
    return [
      [
        one.strategy,
        formatDuration(one.service_total_ns),
        formatDuration(shownOf(row, SERVICE)),
        times(one.service_total_off),
        formatDuration(one.prediction.stall_ns.p99),
        formatDuration(shownOf(row, STALL)),
        times(one.stall_p99_off),
      ],
    ];
  });
  const head = [
    '',
    'time in ioctls: model',
    'measured',
    'model ÷ measured',
    'stall p99: model',
    'measured',
    'model ÷ measured',
  ];
  return `${textTable([head, ...rows], [false, true, true, true, true, true, true])}\n${note}`;
}
