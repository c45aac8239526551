export * from './vocabulary.ts';
export { type EventBatch, EventBuilder } from './event-batch.ts';
export * from './header.ts';
export { LossLog } from './loss.ts';
export { TraceSummary } from './summary.ts';
