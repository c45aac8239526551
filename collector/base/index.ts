export {
  EXIT_CODES,
  buildProgram,
  repeatable,
  runCommandLine,
  type Verb,
  type VerbModule,
} from './command.ts';
export { commandTable, type OptionEntry, type VerbEntry } from './command-table.ts';
export * from './errors.ts';
export { kindOfFile, openRegular } from './file-kind.ts';
export * from './format-values.ts';
export { openInput, type Input } from './input.ts';
export { watchInterrupt, type Interrupt } from './interrupt.ts';
export * from './json.ts';
export { LineSplitter, type LineReader } from './lines.ts';
export { NameTable } from './name-table.ts';
export { Output, OutputFolder, asOutput } from './output.ts';
export { ByteReader, FieldReader, FileReader, RandomInput } from './random-input.ts';
export * from './percentiles.ts';
export { Random, Weighted, shuffled } from './random.ts';
export * from './registry.ts';
export { streamStdout } from './stdout.ts';
export { Terminal, textTable, type Progress, type StatusLine } from './terminal.ts';
export { TextCursor, ascii } from './text-cursor.ts';
export * from './time.ts';
export { TOOL } from './tool.ts';
export * from './units.ts';
export { unzstd, zstd } from './zstd.ts';
