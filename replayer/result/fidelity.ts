// The replay's verdict on itself: did the requests go out when they were due, and if not, was it the
// machine or the replayer? Pure arithmetic over what was measured; the rules are in replayer/TIMING.md.

import { formatDuration } from '../../collector/base/index.ts';
import { GAP_CAUSES, isOwn, type Gap } from '../loop/gaps.ts';
import type { NoiseFloor } from '../loop/noise.ts';
import type { ReplaySummary } from './summary.ts';

export const FIDELITY_CLASSES = [
  'faithful',
  'faithful-to-noise',
  'not-faithful',
  'no-schedule',
] as const;
export type FidelityClass = (typeof FIDELITY_CLASSES)[number];

export interface Fidelity {
  readonly class: FidelityClass;
  /** One line for people. */
  readonly text: string;
  /** Share of time that the noise floor lost in gaps over 10 µs: the worst of the threads, before or after. */
  readonly noise_share_over_10us: number | null;
  readonly noise_longest_gap_ns: number | null;
}

/** At most one step in a thousand more than 10 µs late, and the whole run not stretched by more than 20 µs. */
const FEW = 0.001;
const DRIFT_NS = 20e3;
/** Beyond the floor's own share: requests are sampled, the floor is measured for less than a second. */
const NOISE_FACTOR = 1.5;

export interface FidelityInput {
  readonly summary: ReplaySummary;
  readonly floors: readonly NoiseFloor[];
  /** Over 1 ms, of all threads. */
  readonly gaps: readonly Gap[];
  /** Nothing was due at a time of its own (asap). */
  readonly isAsap: boolean;
}

export function judgeFidelity(input: FidelityInput): Fidelity {
  const noise = worstNoise(input.floors);
  return { ...verdict(input, noise), ...noise };
}

type Noise = Pick<Fidelity, 'noise_share_over_10us' | 'noise_longest_gap_ns'>;

function worstNoise(floors: readonly NoiseFloor[]): Noise {
  if (floors.length === 0) return { noise_share_over_10us: null, noise_longest_gap_ns: null };
  return {
    noise_share_over_10us: Math.max(...floors.map((floor) => floor.share_over_10us)),
    noise_longest_gap_ns: Math.max(...floors.map((floor) => floor.longest_gap_ns)),
  };
}

function verdict(
  { summary, gaps, isAsap }: FidelityInput,
  noise: Noise,
): Pick<Fidelity, 'class' | 'text'> {
  const own = gaps.filter(isOwn);
  if (isAsap) {
    return { class: 'no-schedule', text: `no schedule to be faithful to${gapsText(own)}` };
  }
  const late = summary.share_over_10us;
  // What queued behind slow calls is the system's answer to the load, not the replayer's clock.
  const drift = Math.abs(summary.own_drift_ns);
  const isLate = late > FEW;
  const isDrifting = drift > DRIFT_NS;
  const waits = `${backlogText(summary)}${sharingText(summary)}`;
  if (!isLate && !isDrifting && own.length === 0) {
    return { class: 'faithful', text: `faithful${waits}` };
  }
  const floor = noise.noise_share_over_10us ?? 0;
  const longestFloor = noise.noise_longest_gap_ns ?? 0;
  // Shares and drift are blind to one bad stretch: the worst gap counts by itself.
  const isNoise =
    own.every((gap) => gap.length_ns <= longestFloor) &&
    late <= Math.max(FEW, NOISE_FACTOR * floor) &&
    drift <= Math.max(DRIFT_NS, longestFloor);
  const measured = `${percent(late)} of the steps were over 10 µs late, the machine's noise takes ${percent(floor)} of the time`;
  if (isNoise) {
    return {
      class: 'faithful-to-noise',
      text: `faithful to the machine's noise: ${measured}${gapsText(own)}${waits}`,
    };
  }
  const drifted = isDrifting ? `, drift ${formatDuration(summary.own_drift_ns)}` : '';
  return {
    class: 'not-faithful',
    text: `not faithful: ${measured}${drifted}${gapsText(own)}${waits}`,
  };
}

function backlogText(summary: ReplaySummary): string {
  return (
    shareText(summary.backlogged, summary, 'queued behind a call that was still running') +
    shareText(summary.behind_late, summary, 'queued behind a step that was late')
  );
}

function shareText(steps: number, { issued_steps: all }: ReplaySummary, what: string): string {
  return steps === 0 || steps / all < FEW ? '' : `; ${percent(steps / all)} of the steps ${what}`;
}

function sharingText(summary: ReplaySummary): string {
  const what = "waited for another stream's call on the same thread";
  return shareText(summary.shared_steps, summary, what);
}

function gapsText(gaps: readonly Gap[]): string {
  if (gaps.length === 0) return '';
  const longest = gaps.reduce((a, b) => (b.length_ns > a.length_ns ? b : a));
  const times = gaps.length === 1 ? 'a gap' : `${gaps.length} gaps, the longest`;
  return `; ${times} of ${formatDuration(longest.length_ns)}: ${GAP_CAUSES[longest.cause]}`;
}

export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
