export * from './vocabulary.ts';
export { type EventBatch, EventBuilder, sliceRows } from './event-batch.ts';
export * from './header.ts';
export { LossLog } from './loss.ts';
export { TraceSummary } from './summary.ts';
