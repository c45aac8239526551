// The last clock reading before a due time, placed. A clock can be read only every so many ns, so a loop
// that does nothing but read is late by half of that in the middle. Once a due time is nearer than two
// readings, a counted delay moves the next reading to just after it. It never makes a step early: the
// reading decides, as ever. Must never allocate once made.

import type { Clock } from './clock.ts';

/** How fast this thread counts and reads. */
export interface Pace {
  /** One reading of the clock, from one to the next, ns. */
  readonly readNs: number;
  /** One turn of `count`, ns. */
  readonly turnNs: number;
}

/** Indices into `state`: doubles in a typed array, because a class field would be boxed at each store. */
export const LAND = { aimNs: 0, isAimed: 1, turnNs: 2, mostNs: 3 } as const;

/**
 * How far the aim moves. An aimed reading that comes before the due time costs another one: one in eight
 * may, which is where these two balance.
 */
const LATE_NS = 1 / 4;
const EARLY_NS = -7 * LATE_NS;
/** A CPU shared with a busy sibling reads that much slower at the most. */
const MOST_READINGS = 8;

const ROUNDS = 50;
const READINGS = 100;
const TURNS = 1_000;

export class Landing {
  /** See LAND. The loop reads the aim and whether a reading was aimed here. */
  readonly state = new Float64Array(4);
  readonly #take: (turns: number) => void;

  /** `take` takes the time; tests give one that moves their clock. */
  constructor(pace: Pace, take: (turns: number) => void = count) {
    this.#take = take;
    this.state[LAND.turnNs] = pace.turnNs;
    this.state[LAND.aimNs] = pace.readNs;
    this.state[LAND.mostNs] = MOST_READINGS * pace.readNs;
  }

  /** Delays so that the reading that follows comes just after a due time `leftNs` away, where it can. */
  aim(leftNs: number): void {
    const { state } = this;
    const turns = ((leftNs - state[LAND.aimNs]) / state[LAND.turnNs]) | 0;
    this.#take(turns);
    state[LAND.isAimed] = turns;
  }

  /** Learns from the aimed reading, `lateNs` after the due time (below 0: before it). */
  landed(lateNs: number): void {
    const { state } = this;
    const moved = state[LAND.aimNs] + (lateNs < 0 ? EARLY_NS : LATE_NS);
    state[LAND.aimNs] = Math.max(0, Math.min(moved, state[LAND.mostNs]));
    state[LAND.isAimed] = 0;
  }
}

const kept = new Int32Array(1);

/** A loop that takes time and cannot be left out: its result is kept. */
export function count(turns: number): void {
  let value = kept[0];
  for (let turn = 0; turn < turns; turn++) value = (Math.imul(value, 1_103_515_245) + 12_345) | 0;
  kept[0] = value;
}

/** The best of many rounds: what else runs on the CPU only adds. To be called when both are compiled. */
export function measurePace(clock: Clock, take: (turns: number) => void = count): Pace {
  // Typed, because V8 boxes a double that a loop carries (see issue-loop.ts).
  const best = new Float64Array([Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]);
  for (let round = 0; round < ROUNDS; round++) {
    const start = clock.now();
    for (let reading = 1; reading < READINGS; reading++) clock.now();
    const between = clock.now();
    take(TURNS);
    const end = clock.now();
    best[0] = Math.min(best[0], (between - start) / READINGS);
    best[1] = Math.min(best[1], (end - between) / TURNS);
  }
  return { readNs: best[0], turnNs: Math.max(0.1, best[1] - best[0] / TURNS) };
}
