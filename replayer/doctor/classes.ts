// A test of two seconds: what this thread loses in each scheduling class that the host grants it, and which of
// them, or which right, would improve a replay most.

import { errnoName } from '../calls/native.ts';
import { formatDuration } from '../../collector/base/index.ts';
import { openLibrary } from '../loop/native/library.ts';
import { measureNoise, type NoiseFloor } from '../loop/noise.ts';
import {
  BUSY_SHARE,
  THREAD_CLASSES,
  enterClass,
  leaveClass,
  type ThreadClass,
} from '../loop/thread-class.ts';
import { percent } from '../result/fidelity.ts';
import type { Check, CheckLine } from './check.ts';

const SPAN_NS = 650e6;

export const classes: Check = {
  name: 'classes',
  summary: 'what each scheduling class loses here (a test of 2 s)',
  topic: 'timing',
  look() {
    const tried = THREAD_CLASSES.map(tryClass);
    const granted = tried.flatMap(({ floor, name }) =>
      floor === undefined ? [] : [{ name, floor }],
    );
    const best = granted.reduce((a, b) =>
      b.floor.longest_gap_ns < a.floor.longest_gap_ns ? b : a,
    );
    const refused = tried.filter(({ floor }) => floor === undefined);
    return tried.map((one): CheckLine => {
      const what = `SCHED_${one.name.toUpperCase()}`;
      if (one.floor === undefined)
        return { what, finding: 'missing', detail: one.why, advice: adviceFor(one.name) };
      const detail = `${percent(one.floor.share_over_10us)} of the time in gaps over 10 µs, longest ${formatDuration(one.floor.longest_gap_ns)}`;
      if (one.name !== best.name) return { what, finding: 'ok', detail };
      const help =
        refused.length === 0
          ? 'nothing to change: --class auto takes the best of these'
          : `the right for SCHED_${refused[0].name.toUpperCase()} would improve most (see above)`;
      return { what, finding: 'ok', detail: `${detail}; the steadiest here`, advice: help };
    });
  },
};

interface Tried {
  readonly name: ThreadClass;
  readonly floor: NoiseFloor | undefined;
  readonly why: string;
}

function tryClass(name: ThreadClass): Tried {
  const library = openLibrary();
  const code = enterClass(name, library);
  try {
    if (code !== 0) return { name, floor: undefined, why: errnoName(code) };
    return {
      name,
      floor: measureNoise(library, SPAN_NS, name === 'other' ? 0 : BUSY_SHARE),
      why: '',
    };
  } finally {
    leaveClass(library);
  }
}

function adviceFor(name: ThreadClass): string {
  return name === 'deadline'
    ? 'give CAP_SYS_NICE (setcap or root); it bounds what a replay can lose to one millisecond'
    : 'give CAP_SYS_NICE, or an rtprio limit of 40';
}
