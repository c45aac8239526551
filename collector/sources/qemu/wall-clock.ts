// The clock of a log's stamps is a wall clock, which is set by NTP and by hand. Where it was set, the time between
// two rows is not known: the rows go on one step of the clock later, and the header says what it showed.

import type { ClockStep } from '../source.ts';

/** Without a line for so long the clock was set, or nothing happened: which, and for how long, is not known. */
const SILENCE_NS = 3600e9;
/** Threads stamp a line before they write it, so that two of them may be out of order by so much. */
const RACE_NS = 100e6;
/** The same, where lines do not name their threads. */
const NAMELESS_RACE_NS = 1e6;

interface OpenStep {
  /** Times of the rows before it and after it. */
  readonly beforeNs: number;
  readonly afterNs: number;
  readonly shownNs: number;
  readonly why: string;
}

export class WallClock {
  /** Added to what the clock shows. */
  #shiftNs = 0;
  #latestNs = Number.NEGATIVE_INFINITY;
  /** Of the last line of any kind, as shown. */
  #heardNs = Number.NEGATIVE_INFINITY;
  /** Silence since the last event, where it was long. */
  #silenceNs = 0;
  #thread = -1;
  #threadNs = Number.NEGATIVE_INFINITY;
  /** Last time of each thread but the current one. */
  readonly #others = new Map<number, number>();
  readonly #open: OpenStep[] = [];
  readonly #steps: ClockStep[] = [];

  /** A line that tells nothing but that someone was there. */
  heard(shownNs: number): void {
    const silence = shownNs - this.#heardNs;
    if (this.#heardNs !== Number.NEGATIVE_INFINITY && silence >= SILENCE_NS)
      this.#silenceNs += silence;
    this.#heardNs = shownNs;
  }

  /** What the clock last showed. */
  get shownNs(): number {
    return this.#heardNs;
  }

  /** The time of an event whose stamp shows `shownNs`; `stepNs` is what the stamps can tell apart. */
  at(shownNs: number, thread: number, stepNs: number): number {
    if (thread !== this.#thread) this.#turnTo(thread);
    let now = shownNs + this.#shiftNs;
    this.heard(shownNs);
    const silence = this.#latestNs === Number.NEGATIVE_INFINITY ? 0 : this.#silenceNs;
    this.#silenceNs = 0;
    if (now < this.#latestNs ? this.#wentBack(now, thread) : silence >= SILENCE_NS) {
      const latest = this.#latestNs;
      const back = latest - now;
      const why =
        back > 0
          ? `the clock went back by ${spanText(back)}; how long it was is not known`
          : `no line for ${spanText(silence)}: the clock was set, or nothing happened; how long it was is not known`;
      this.#shiftNs += latest + stepNs - now;
      this.#open.push({ beforeNs: latest, afterNs: latest + stepNs, shownNs: now, why });
      now = latest + stepNs;
      this.#others.clear();
    }
    this.#threadNs = now;
    if (now > this.#latestNs) this.#latestNs = now;
    return now;
  }

  /** A row of sequence number `seq` comes, of time `now`; rows are offsets from `firstRow`. */
  row(seq: number, now: number, firstRow: number): void {
    for (
      let next = this.#open.at(0);
      next !== undefined && now >= next.afterNs;
      next = this.#open.at(0)
    ) {
      this.#open.shift();
      if (seq === 0) continue; // before the first row there is no time to lose
      this.#steps.push({
        after_seq: seq - 1,
        from_ns: next.beforeNs - firstRow,
        to_ns: next.shownNs - firstRow,
        why: next.why,
      });
    }
  }

  steps(): readonly ClockStep[] {
    return this.#steps;
  }

  #turnTo(thread: number): void {
    this.#others.set(this.#thread, this.#threadNs);
    this.#thread = thread;
    this.#threadNs = this.#others.get(thread) ?? Number.NEGATIVE_INFINITY;
  }

  #wentBack(now: number, thread: number): boolean {
    const back = this.#latestNs - now;
    if (back >= RACE_NS) return true;
    return thread < 0 ? back >= NAMELESS_RACE_NS : now < this.#threadNs;
  }
}

function spanText(ns: number): string {
  const units: readonly (readonly [string, number])[] = [
    ['d', 86_400e9],
    ['h', 3600e9],
    ['min', 60e9],
    ['s', 1e9],
    ['ms', 1e6],
    ['µs', 1e3],
  ];
  const [unit, size] = units.find(([, each]) => ns >= each) ?? ['ns', 1];
  return `${Number((ns / size).toFixed(1))} ${unit}`;
}
