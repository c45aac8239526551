export * from './vocabulary.ts';
export { type EventBatch, EventBuilder, sliceRows } from './event-batch.ts';
export * from './header.ts';
export { LossLog, shiftLoss } from './loss.ts';
export { TraceSummary } from './summary.ts';
