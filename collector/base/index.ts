export * from './errors.ts';
export * from './json.ts';
export { LineSplitter, type LineReader } from './lines.ts';
export * from './registry.ts';
export { TextCursor, ascii } from './text-cursor.ts';
export * from './time.ts';
export * from './units.ts';
export { TOOL } from './tool.ts';
