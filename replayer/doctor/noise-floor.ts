// Measures the noise floor of the CPU that this runs on, for a fifth of a second, with the rights it has.

import { formatDuration } from '../../collector/base/index.ts';
import { openLibrary } from '../loop/native/library.ts';
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
    const floor = measureNoise(openLibrary(), SPAN_NS, 0);
    const detail = `${percent(floor.share_over_1us)} of the time in gaps over 1 µs, ${percent(floor.share_over_10us)} over 10 µs, longest ${formatDuration(floor.longest_gap_ns)}`;
    if (floor.share_over_10us <= QUIET) return [{ what: 'noise floor', finding: 'ok', detail }];
    const advice = 'stop what else runs here; --cpus with an isolated CPU helps most';
    return [{ what: 'noise floor', finding: 'note', detail, advice }];
  },
};
