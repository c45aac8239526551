export {
  planEach,
  planFacts,
  refuseNarrowed,
  planTrace,
  planTraces,
  stepsDigest,
  type Plan,
  type PlanFacts,
  type StreamPlan,
} from './plan.ts';
export { StepBatch } from '../steps/step-batch.ts';
export { cutDue, type CutColumns } from '../steps/cut-due.ts';
export type { StepSink } from './planner.ts';
export { explain, type Explanation } from './explain.ts';
export { refuseUnknownWaits, unknownWaits, verdictOf } from './unknown-waits.ts';
export { VERDICT_CLASSES, type VerdictClass } from '../verdict/classes.ts';
