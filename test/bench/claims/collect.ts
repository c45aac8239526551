// Collects a session of the pool: six arms of the same strategy and two with planted work, every round in random
// order, and appends a line per replay. Run it on the host and under the load that the session is named for:
//   node dist/test/bench/claims/collect.js FILE 'null, quiet' ROUNDS [RECORDING [REQUESTS]]

import { appendFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { Random, parseCount, shuffled, watchInterrupt } from '../../../collector/base/index.ts';
import { dialectFor } from '../../../replayer/dialects/for-recording.ts';
import { issuers } from '../../../replayer/issuers/index.ts';
import { Lanes } from '../../../replayer/loop/lanes.ts';
import { WHOLE } from '../../../replayer/planner/cut.ts';
import { planRecordings, replay, type Replay } from '../../../replayer/result/replay.ts';
import { openChain } from '../../../replayer/strategies/user-strategy.ts';
import type { PoolReplay } from './pool.ts';

const ROOT = new URL('../../../../', import.meta.url);
const SAMPLE = fileURLToPath(new URL('collector/samples/vtd-fs-strict-2s.arrow', ROOT));
const PLANTED = fileURLToPath(new URL('test/fixtures/strategies/repeat-every.js', ROOT));
const SAME_ARMS = 6;

const [file, session, rounds, recording = SAMPLE, requests = '400'] = process.argv.slice(2);
if (rounds === undefined)
  throw new Error('usage: collect.js FILE SESSION ROUNDS [RECORDING [REQUESTS]]');
const dialect = dialectFor(recording, { name: undefined, translate: false });
const arms = [
  ...Array.from({ length: SAME_ARMS }, (_, i) => ({ arm: `none#${i}`, chain: 'none' })),
  { arm: '+2%', chain: `${PLANTED}:steps=50` },
  { arm: '+5%', chain: `${PLANTED}:steps=20` },
];
const chains = await Promise.all(arms.map(({ chain }) => openChain(chain)));
const limit = parseCount(requests, 'REQUESTS') * 2; // rows: a request and its barrier
const planned = planRecordings(recording, chains, dialect, { ...WHOLE, limit });
const lanes = new Lanes({ cpus: undefined, class: 'auto' });
const random = new Random(Date.now());
using interrupt = watchInterrupt();
const quiet = { update: () => undefined, stop: () => undefined };
for (let round = 0; round < parseCount(rounds, 'ROUNDS') && !interrupt.requested; round++) {
  for (const index of shuffled(
    arms.map((_, i) => i),
    random,
  )) {
    const result = await replay(planned[index], {
      issuer: issuers.get('null'),
      issuerOptions: { device: undefined },
      pacing: { kind: 'closed-loop', speed: 20 },
      passes: 1,
      lanes,
      stopOnError: false,
      comparisonId: session,
      repeat: round,
      interrupt,
      progress: quiet,
    });
    appendFileSync(file, `${JSON.stringify(line(result, round, arms[index].arm))}\n`);
  }
}

await lanes.close();

function line({ header, streams }: Replay, round: number, arm: string): PoolReplay {
  return {
    session,
    round,
    arm,
    service_total_ns: header.summary.service_total_ns,
    not_faithful: header.timing?.fidelity.class === 'not-faithful',
    stalls_ns: streams.flatMap((rows) => [...rows.stallNs]),
  };
}
