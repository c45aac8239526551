// Measures the noise floor of the CPU that this runs on, for a fifth of a second, with the rights it has.

import { formatDuration } from '../../collector/base/index.ts';
import { monotonicClock } from '../loop/clock.ts';
import { measureNoise } from '../loop/noise.ts';
import { percent } from '../result/fidelity.ts';
import type { Check } from './check.ts';

const SPAN_NS = 200e6;
/** A replay above this share cannot be faithful on its own. */
const QUIET = 0.001;

export const noiseFloor: Check = {
  name: 'noise',
  summary: 'noise floor',
  topic: 'timing',
  look() {
    const clock = monotonicClock();
    for (let i = 0; i < 3; i++) measureNoise(clock, SPAN_NS / 100); // compiled before it counts
    const floor = measureNoise(clock, SPAN_NS);
    const detail = `${percent(floor.share_over_1us)} of the time in gaps over 1 µs, ${percent(floor.share_over_10us)} over 10 µs, longest ${formatDuration(floor.longest_gap_ns)}`;
    if (floor.share_over_10us <= QUIET) return [{ what: 'noise floor', finding: 'ok', detail }];
    const advice = 'stop what else runs here; --cpus with an isolated CPU and --fifo help most';
    return [{ what: 'noise floor', finding: 'note', detail, advice }];
  },
};
