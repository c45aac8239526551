// What became of every line of a text: kept, lost or other, never two of them and never none. Tells which
// of our events were not understood, so that an import that misses too much is refused.

import type { LossDetail, LossLog } from '../../model/index.ts';

const EXAMPLES_KEPT = 3;
const EXAMPLE_BYTES = 160;
/** Kinds of events whose lines are counted one by one. */
const KINDS_KEPT = 256;

export interface LineTally {
  readonly seen: number;
  /** Told something: rows, fields of a row, a doorbell. */
  readonly kept: number;
  /** One of our events was there, and was not understood or had no time. */
  readonly lost: number;
  readonly other: number;
}

/** Lines of ours that were not understood. */
export interface Misread {
  readonly lines: number;
  /** Names of events of which no line at all was understood, and how many lines there were. */
  readonly kindsLost: readonly { readonly name: string; readonly lines: number }[];
  readonly examples: readonly { readonly line: number; readonly text: string }[];
}

export interface KindCount {
  kept: number;
  lost: number;
}

export class LineCount {
  seen = 0;
  kept = 0;
  lost = 0;
  other = 0;
  #misread = 0;
  readonly #losses: LossLog;
  readonly #kinds = new Map<string, KindCount>();
  readonly #examples: { readonly line: number; readonly text: string }[] = [];

  constructor(losses: LossLog) {
    this.#losses = losses;
  }

  tally(): LineTally {
    return { seen: this.seen, kept: this.kept, lost: this.lost, other: this.other };
  }

  misread(): Misread {
    const kindsLost = [...this.#kinds]
      .filter(([, { kept, lost }]) => lost > 0 && kept === 0)
      .map(([name, { lost }]) => ({ name, lines: lost }));
    return { lines: this.#misread, kindsLost, examples: this.#examples };
  }

  /** Counts an event that was there and was not understood: the loss, its place, and an example. */
  misunderstood(place: {
    readonly line: number;
    readonly reason: string;
    /** Undefined where its name can't be told. */
    readonly kind: KindCount | undefined;
    readonly bytes: Uint8Array;
    readonly start: number;
    readonly end: number;
  }): void {
    const { line, reason, kind, bytes, start, end } = place;
    this.#losses.add(line, 'line', reason);
    this.#misread++;
    if (kind !== undefined) kind.lost++;
    if (this.#examples.length >= EXAMPLES_KEPT) return;
    const text = Buffer.from(bytes.subarray(start, Math.min(end, start + EXAMPLE_BYTES)));
    this.#examples.push({ line, text: printable(text.toString('latin1')) });
  }

  /** Counts a request whose lines were there and did not tell what it was. */
  unusable(at: number, unit: LossDetail['unit'], reason: string, kind: string): void {
    this.#losses.add(at, unit, reason);
    this.#misread++;
    this.kind(kind).lost++;
  }

  /** The counts of the event `name`: `kept` is the caller's to count. */
  kind(name: string): KindCount {
    const known = this.#kinds.get(name);
    if (known !== undefined) return known;
    const fresh = { kept: 0, lost: 0 };
    if (this.#kinds.size < KINDS_KEPT) this.#kinds.set(name, fresh);
    return fresh;
  }
}

/** Control characters must not reach a terminal from a file. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
