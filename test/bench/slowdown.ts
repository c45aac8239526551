// What each way of recording costs what is recorded, in the lab's guests: only the ratios mean anything, the
// CPU is emulated.

import { readEnvironment } from '../../replayer/result/environment.ts';
import type { Bench } from './bench.ts';
import { measureReads } from './slowdown/reads.ts';
import { measureReplays } from './slowdown/replays.ts';
import { HEADING, slowdownRows } from './slowdown/rounds.ts';

const ROUNDS = 5;

export const slowdownBench: Bench = {
  name: 'slowdown',
  summary: 'what each way of recording costs the guest or process, in the lab (minutes)',
  async run({ rounds = ROUNDS, story }) {
    story(`booting a guest that reads its disk, ${rounds} rounds`);
    const reads = await measureReads(rounds);
    story(`booting a guest that replays, ${rounds} rounds`);
    const replays = await measureReplays(rounds);
    return {
      tables: [{ rows: [HEADING, ...slowdownRows(reads), ...slowdownRows(replays)] }],
      notes: [
        'times as long: median, least and most over the rounds, each against the same round without a recorder;',
        'none: against the round before. The guests are emulated (TCG): only ratios mean anything.',
      ],
      environment: readEnvironment(),
      samples: [...reads, ...replays],
    };
  },
};
