export * from './vocabulary.ts';
export * from './columns.ts';
export { type EventBatch, EventBuilder, type RowPairs, batchOf, sliceRows } from './event-batch.ts';
export * from './header.ts';
export { LossLog, shiftLoss } from './loss.ts';
export { TraceSummary } from './summary.ts';
