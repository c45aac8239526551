// A benchmark's report as text for a terminal, or as Markdown that a document takes as it is.

import { textTable } from '../../collector/base/index.ts';
import type { BenchReport, BenchTable } from './bench.ts';

export function reportText({ tables, notes, environment }: BenchReport): string {
  const blocks = tables.map(({ title, rows }) => {
    const table = textTable(rows, rightAligned(rows));
    return title === undefined ? table : `${title}\n\n${table}`;
  });
  return `${[...blocks, notes.join('\n')].join('\n\n')}\n${JSON.stringify(environment)}\n`;
}

export function reportMarkdown({ tables, notes, environment }: BenchReport): string {
  const list = notes.map((note) => `- ${note}`).join('\n');
  const blocks = tables.map(({ title, rows }) =>
    title === undefined ? markdownTable(rows) : `### ${title}\n\n${markdownTable(rows)}`,
  );
  return `${[environmentLine(environment), list, ...blocks].filter((part) => part !== '').join('\n\n')}\n`;
}

function markdownTable(rows: BenchTable['rows']): string {
  const [heading = [], ...rest] = rows;
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heading), `|${'---|'.repeat(heading.length)}`, ...rest.map(line)].join('\n');
}

/** What a reader must know of the machine; without its name. */
function environmentLine(environment: object): string {
  return Object.entries(environment)
    .filter(([name, value]) => name !== 'host' && value !== null && value !== '')
    .map(([name, value]) => `${name} ${String(value)}`)
    .join(', ');
}

/** Columns of numbers. */
function rightAligned(rows: BenchTable['rows']): readonly boolean[] {
  return (rows[0] ?? []).map((_, column) =>
    rows.slice(1).every((row) => /^[\d–−-]/.test(row[column] ?? '')),
  );
}
