// `--class`: the scheduling class of the issuing threads. Shared by the verbs that replay.

import { Option, type Command } from 'commander';

import { CLASS_WISHES, type ClassWish } from '../loop/thread-class.ts';
import type { Pace } from './pacing-flags.ts';

export interface ClassFlag {
  readonly class: ClassWish;
}

export function addClassFlag(command: Command): void {
  command.addOption(
    new Option('--class <name>', 'scheduling class of the issuing threads; auto: the best allowed')
      .choices([...CLASS_WISHES])
      .default('auto'),
  );
}

/** Where nothing is due at a time of its own, a real-time class would only be held: it never rests. */
export function classFor(wish: ClassWish, { pacing }: Pace): ClassWish {
  return wish === 'auto' && pacing.kind === 'asap' ? 'other' : wish;
}
