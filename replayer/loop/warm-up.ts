// Runs the very loop on the very shapes until it is compiled: the stream's own calls, on a descriptor
// that takes nothing. Covers each branch (spin, sleep, error, success, groups), so that none is met cold.

import type { Clock } from './clock.ts';
import { CONTROL, runIssueLoop, type LoopHost, type LoopInput } from './issue-loop.ts';
import { loopHost, loopInput, sharedOutput } from './loop-shapes.ts';
import { Landing, measurePace } from './landing.ts';
import { close, open } from '../calls/native.ts';
import { measureNoise } from './noise.ts';
import { WAIT, Waiter } from './waiter.ts';

const O_RDWR_CLOEXEC = 0o2000002;
/** Any descriptor grants it: the branch of a call that succeeds. */
const FIOCLEX = 0x5451;
const STEPS = 20_000;
/** So that there is always a second pass. */
const MOST_STEPS = 10_000;
/** Near enough to be spun for; in the first half every so often far enough to sleep. */
const GAP_NS = 1_000;
const SLEEP_EVERY = 64;
const SLEEP_NS = 150_000;
const SLEEPING_STEPS = 2_000;
const ENOUGH_SLEEPS = 10;
const GOOD_ROUNDS = 4;
const MOST_ROUNDS = 16;
/** One round of each kind, whatever it takes; then no more once this has passed (an emulated CPU is slow). */
const EACH_KIND = 3;
const ENOUGH_NS = 1.5e9;
/** Overdrawn, so that the first review rests. */
const SPENT_NS = -1e6;

/** Touches nothing but /dev/null; the counts in the argument structures are written as the run will. */
export function warmUp(
  clock: Clock,
  system: Pick<LoopHost, 'ioctl' | 'errno'>,
  input: LoopInput,
): void {
  const fd = open('/dev/null', O_RDWR_CLOEXEC);
  const steps = Math.min(MOST_STEPS, input.steps);
  const passes = Math.ceil(STEPS / Math.max(1, steps));
  const calls = input.stepCallEnd[steps - 1];
  const dueNs = Float64Array.from({ length: steps }, (_, step) => dueAt(step));
  const warm = loopInput({
    ...input,
    fd,
    steps,
    passes,
    periodNs: dueAt(steps),
    dueNs,
    holdNs: input.holdNs.length === 0 ? input.holdNs : holdsLike(input.holdNs, dueNs),
    stopOnError: false,
  });
  const succeeding = loopInput({ ...warm, request: new Uint32Array(calls).fill(FIOCLEX) });
  const output = sharedOutput(steps * passes);
  const control = new Int32Array(new SharedArrayBuffer(CONTROL.WORDS * 4));
  // A round in which the compiler ran is behind and never sleeps: only those on time count.
  const begunNs = clock.now();
  for (let round = 0, good = 0; round < MOST_ROUNDS && good < GOOD_ROUNDS; round++) {
    if (round >= EACH_KIND && clock.now() - begunNs > ENOUGH_NS) break;
    const waiter = new Waiter(clock, { rests: true, maxLeadNs: 60_000 });
    if (round % 2 === 0) waiter.state[WAIT.budgetNs] = SPENT_NS;
    const each = round % 3 === 1 ? succeeding : warm;
    const landing = new Landing(measurePace(clock));
    runIssueLoop(loopHost(clock, waiter, landing, system), each, output, control, clock.now());
    good = waiter.sleeps >= ENOUGH_SLEEPS ? good + 1 : 0;
  }
  warmNoise(clock);
  close(fd);
}

function dueAt(step: number): number {
  return step * GAP_NS + Math.floor(Math.min(step, SLEEPING_STEPS) / SLEEP_EVERY) * SLEEP_NS;
}

function holdsLike(holdNs: Float64Array, dueNs: Float64Array): Float64Array {
  return dueNs.map((due, step) => (Number.isNaN(holdNs[step]) ? Number.NaN : due));
}

function warmNoise(clock: Clock): void {
  for (let i = 0; i < 3; i++) measureNoise(clock, 2e6);
}
