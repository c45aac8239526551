// The table of docs/dialects.md: every kind of request × every dialect, from what the dialects declare.

import { REQUEST_KINDS, type RequestKind } from './carriage.ts';
import { dialects } from './index.ts';

/** Markdown: one section per dialect, one row per kind of request. */
export function dialectTable(): string {
  return dialects.entries
    .map(({ name, summary, carries }) => {
      const rows = (Object.keys(REQUEST_KINDS) as RequestKind[]).map((kind) => {
        const { how, note } = carries[kind];
        return `| ${kind} | ${how === 'left-out' ? 'left out' : how} | ${note} |`;
      });
      return [
        `## ${name}`,
        '',
        `${summary}.`,
        '',
        '| request | | how, or why not |',
        '|---|---|---|',
        ...rows,
      ].join('\n');
    })
    .join('\n\n');
}
