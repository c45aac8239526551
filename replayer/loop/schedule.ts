// When each step is due in the run, from when it was due in the recording. Absolute times from one
// common start: a late step moves no other.

import { assertUnreachable, ToolError } from '../../collector/base/index.ts';
import type { StepBatch } from '../plan/step-batch.ts';

export type Pacing =
  | { readonly kind: 'recorded'; readonly speed: number }
  | { readonly kind: 'rate'; readonly perSecond: number }
  | { readonly kind: 'asap' };

export interface Schedule {
  /** ns from the run's start, per step; never descends. */
  readonly dueNs: Float64Array;
  /** When each release's barrier was captured, on the run's schedule. */
  readonly barrierNs: Float64Array;
}

/** The text that files and tables carry: `recorded x2`, `rate 20000/s`, `asap`. */
export function pacingText(pacing: Pacing): string {
  switch (pacing.kind) {
    case 'recorded':
      return pacing.speed === 1 ? 'recorded' : `recorded ×${pacing.speed}`;
    case 'rate':
      return `rate ${pacing.perSecond}/s`;
    case 'asap':
      return 'asap';
    default:
      return assertUnreachable(pacing);
  }
}

/** `originNs` is the recording's time that becomes the run's start, common to all streams. */
export function scheduleSteps(steps: StepBatch, pacing: Pacing, originNs: number): Schedule {
  const count = steps.steps;
  const dueNs = new Float64Array(count);
  const barrierNs = new Float64Array(steps.releases);
  switch (pacing.kind) {
    case 'recorded': {
      if (!(pacing.speed > 0)) throw new ToolError('E_USAGE', 'speed must be above 0');
      for (let i = 0; i < count; i++)
        dueNs[i] = Math.round((steps.dueNs[i] - originNs) / pacing.speed);
      for (let i = 0; i < steps.releases; i++) {
        barrierNs[i] = Math.round((steps.releaseTNs[i] - originNs) / pacing.speed);
      }
      break;
    }
    case 'rate':
      // From the index, not by adding: no rounding error piles up over a long run.
      for (let i = 0; i < count; i++) dueNs[i] = Math.round((i * 1e9) / pacing.perSecond);
      releasesFollowSteps(steps, dueNs, barrierNs);
      break;
    case 'asap':
      releasesFollowSteps(steps, dueNs, barrierNs);
      break;
    default:
      assertUnreachable(pacing);
  }
  return { dueNs, barrierNs };
}

/** Without the recorded times a barrier counts as captured when its step is due. */
function releasesFollowSteps(steps: StepBatch, dueNs: Float64Array, barrierNs: Float64Array): void {
  for (let step = 0; step < steps.steps; step++) {
    barrierNs.fill(dueNs[step], steps.releaseStart(step), steps.releaseEnd[step]);
  }
}
