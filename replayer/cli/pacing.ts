// The pacing flags that `replay` and `compare` share, normalised once into a Pacing.

import { parseFactor, parseRate } from '../../collector/base/index.ts';
import type { Pacing } from '../loop/schedule.ts';

export interface PacingFlags {
  readonly speed?: string;
  readonly rate?: string;
  readonly asap: boolean;
  readonly closedLoop?: boolean;
}

export function pacingOf(flags: PacingFlags): Pacing {
  if (flags.asap) return { kind: 'asap' };
  if (flags.rate !== undefined) return { kind: 'rate', perSecond: parseRate(flags.rate, '--rate') };
  return {
    kind: flags.closedLoop === true ? 'closed-loop' : 'recorded',
    speed: flags.speed === undefined ? 1 : parseFactor(flags.speed, '--speed'),
  };
}
