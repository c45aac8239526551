import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { EventBuilder, KIND, PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { recordingIssuer } from '../../../replayer/issuers/recording.ts';
import { Lanes } from '../../../replayer/loop/lanes.ts';
import { runPlan, type RunOptions } from '../../../replayer/loop/run.ts';
import { planTrace, type Plan } from '../../../replayer/planner/index.ts';
import { parseChain } from '../../../replayer/strategies/chain.ts';

/** Requests 10 µs apart, handed to the streams in turn. */
function planOf(streams: number, requests: number, strategy = 'none'): Plan {
  const out = new EventBuilder(requests);
  for (let i = 0; i < requests; i++) {
    const row = out.next(i * 10_000, i % streams);
    out.kind[row] = KIND.iotlb;
    out.scope[row] = SCOPE.pasid | SCOPE.vaddr;
    out.present[row] = PRESENT.domainId | PRESENT.pasid | PRESENT.range;
    out.domainId[row] = 1;
    out.page[row] = i;
    out.pages[row] = 1;
  }
  return planTrace([out], parseChain(strategy), dialects.get('hwpt-vtd-s1'));
}

const lanes = new Lanes({ class: 'auto' });
after(() => lanes.close());

const options = (part: Partial<RunOptions>): RunOptions => ({
  pacing: { kind: 'asap' },
  stopOnError: false,
  lanes,
  measuresNoise: false,
  interrupt: {
    requested: false,
    signal: new AbortController().signal,
    [Symbol.dispose]: () => undefined,
  },
  progress: { update: () => undefined, stop: () => undefined },
  ...part,
});

test('more streams than CPUs: each is issued whole and in its own order', async () => {
  const session = recordingIssuer.open();
  const plan = planOf(5, 1_000);
  const outcome = await runPlan(plan, session, options({ pacing: { kind: 'recorded', speed: 1 } }));
  assert.equal(outcome.streams.length, 5);
  assert.equal(outcome.interrupted, false);
  assert.equal(outcome.stopped, false);
  outcome.streams.forEach(({ rows, output, schedule }, stream) => {
    assert.equal(rows, 200);
    for (let row = 0; row < rows; row++) {
      assert.equal(output.lastStep[row], row);
      assert.equal(output.dueNs[row], (row * 5 + stream) * 10_000);
      assert.equal(output.dueNs[row], schedule.dueNs[row]);
      assert.ok(output.issuedNs[row] >= output.dueNs[row]);
      if (row > 0) assert.ok(output.issuedNs[row] >= output.completedNs[row - 1]);
    }
  });
});

test('steps that are cut while running are all issued, in every pass', async () => {
  const plan = planOf(1, 500, 'drain:max=16');
  const outcome = await runPlan(plan, recordingIssuer.open(), options({ passes: 4 }));
  const [{ rows, output }] = outcome.streams;
  const entries = output.entries.subarray(0, rows).reduce((sum, count) => sum + count, 0);
  assert.equal(entries, 2_000);
  assert.ok(output.entries.subarray(0, rows).every((count) => count <= 16));
});

test('interrupting ends a run that would take hours, with what was done', async () => {
  const interrupt = { ...options({}).interrupt, requested: true };
  const pacing = { kind: 'rate', perSecond: 0.001 } as const;
  const outcome = await runPlan(
    planOf(1, 10),
    recordingIssuer.open(),
    options({ interrupt, pacing }),
  );
  assert.equal(outcome.interrupted, true);
  assert.equal(outcome.stopped, false);
  assert.equal(outcome.streams[0].rows, 1);
});

test('more samples than can be kept are refused before anything is issued', async () => {
  const passes = 1e9;
  await assert.rejects(
    runPlan(planOf(1, 10), recordingIssuer.open(), options({ passes })),
    /more than one run keeps samples of.*nothing was issued/,
  );
});
