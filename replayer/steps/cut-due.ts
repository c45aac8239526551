// Where an ioctl ends when steps are cut while running (`drain`): pure arithmetic on the plan's columns, so
// that the issue loop, predictions and tests cut alike. Allocates nothing.

/** The columns of a plan that say when and how much; a StepBatch is one. */
export interface CutColumns {
  readonly steps: number;
  readonly dueNs: Float64Array;
  readonly entryEnd: Uint32Array;
}

/**
 * Index after the last step that goes into the ioctl issued at `nowNs`, beginning with step `next`: all
 * that is due, up to `maxEntries`. Step `next` always goes, whole, also where it is larger.
 */
export function cutDue(plan: CutColumns, next: number, nowNs: number, maxEntries: number): number {
  const { steps, dueNs, entryEnd } = plan;
  const limit = (next === 0 ? 0 : entryEnd[next - 1]) + maxEntries;
  let end = next + 1;
  while (end < steps && dueNs[end] <= nowNs && entryEnd[end] <= limit) end++;
  return Math.min(end, steps);
}
