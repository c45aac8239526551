export { TraceWriter } from './writer.ts';
export {
  isRecording,
  openTrace,
  type OpenOptions,
  type TraceEnd,
  type TraceReader,
} from './reader.ts';
export { scanTrace, sealTrace, type TraceTotals } from './seal.ts';
export { HEADER_KEY, ROW_BYTES } from './schema.ts';
export { fileDigest } from './digest.ts';
export { firstSchema } from './first-schema.ts';
export { ipcBytes } from './ipc-bytes.ts';
