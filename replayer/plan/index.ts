export { planFacts, planTrace, type Plan, type PlanFacts, type StreamPlan } from './plan.ts';
export { StepBatch } from './step-batch.ts';
export { cutDue, type CutColumns } from './cut-due.ts';
export { holdGain, type HoldGain } from './hold-gain.ts';
export { explain, type Explanation } from './explain.ts';
