// What a command says: results go to stdout; progress and warnings go to stderr. Owns colour, quiet and
// progress, so that no command asks about terminals itself.

import { SingleBar } from 'cli-progress';
import pc from 'picocolors';

import { writeStdout } from './stdout.ts';

export interface Progress {
  /** Where the work stands, in the unit of the total; `note` stands behind the bar. */
  update(done: number, note?: string): void;
  stop(): void;
}

export interface TerminalOptions {
  readonly quiet: boolean;
  /** Undefined: colour on a terminal, unless NO_COLOR says otherwise. */
  readonly color: boolean | undefined;
}

type Colors = ReturnType<typeof pc.createColors>;

export class Terminal {
  readonly quiet: boolean;
  /** Colours for stdout. */
  readonly out: Colors;
  /** Colours for stderr. */
  readonly err: Colors;

  constructor(options: TerminalOptions) {
    this.quiet = options.quiet;
    const allowed =
      options.color ?? (process.env.NO_COLOR === undefined || process.env.NO_COLOR === '');
    this.out = pc.createColors(allowed && process.stdout.isTTY);
    this.err = pc.createColors(allowed && process.stderr.isTTY);
  }

  /** The result: stdout, as it is. */
  answer(text: string): void {
    writeStdout(text.endsWith('\n') ? text : `${text}\n`);
  }

  /** What is being done and was done: stderr, silent with -q. */
  story(text: string): void {
    if (!this.quiet) process.stderr.write(`${text}\n`);
  }

  /** What a user must not miss: stderr, also with -q. */
  warn(text: string): void {
    process.stderr.write(`${this.err.yellow('warning:')} ${text}\n`);
  }

  /** A line on stderr that changes in place; does nothing off a terminal or with -q. */
  status(): StatusLine {
    if (this.quiet || !process.stderr.isTTY)
      return { update: () => undefined, stop: () => undefined };
    const CLEAR = '\r\u001b[2K';
    return {
      update: (text) =>
        process.stderr.write(`${CLEAR}${text.slice(0, process.stderr.columns - 1)}`),
      stop: () => process.stderr.write(CLEAR),
    };
  }

  /** A bar on stderr; does nothing off a terminal or with -q, or where the total is unknown. */
  progress(label: string, total: number | undefined): Progress {
    if (this.quiet || !process.stderr.isTTY || total === undefined || total <= 0) {
      return { update: () => undefined, stop: () => undefined };
    }
    const bar = new SingleBar({
      format: `${label} {bar} {percentage}% {note}`,
      stream: process.stderr,
      hideCursor: true,
      clearOnComplete: true,
      barCompleteChar: '█',
      barIncompleteChar: '░',
      barsize: 30,
    });
    bar.start(total, 0, { note: '' });
    return {
      update: (done, note = '') => bar.update(Math.min(done, total), { note }),
      stop: () => bar.stop(),
    };
  }
}

/** A line that is written over itself. */
export interface StatusLine {
  update(text: string): void;
  stop(): void;
}

/** Rows of cells as aligned text; the first row is the heading. Numbers align right. */
export function textTable(rows: readonly (readonly string[])[], right: readonly boolean[]): string {
  const width = (text: string): number => Array.from(text).length;
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => width(row[column] ?? ''))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => {
          const pad = ' '.repeat(widths[column] - width(cell));
          return right[column] ? pad + cell : cell + pad;
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
