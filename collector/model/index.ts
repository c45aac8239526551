export * from './vocabulary.ts';
export { clockStepTexts } from './clock-steps.ts';
export * from './columns.ts';
export {
  type EventBatch,
  EventBuilder,
  type RowPairs,
  batchOf,
  shiftTimes,
  sliceRows,
} from './event-batch.ts';
export * from './header.ts';
export * from './make-header.ts';
export { upgradeHeader } from './upgrade.ts';
export { WaitSummary, type WaiterCount } from './wait-summary.ts';
export { WaiterTable, Waiters } from './waiters.ts';
export { LossLog, shiftLoss } from './loss.ts';
export { TraceSummary } from './summary.ts';
