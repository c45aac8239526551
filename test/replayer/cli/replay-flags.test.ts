import assert from 'node:assert/strict';
import { test } from 'node:test';

import { parseCpuList } from '../../../replayer/cli/cpu-list.ts';
import { enforceLimits, limitsOf } from '../../../replayer/cli/limit-flags.ts';
import { paceOf } from '../../../replayer/cli/pacing-flags.ts';

test('CPU lists are written as Linux writes them', () => {
  assert.deepEqual(parseCpuList('1,2', '--cpus'), [1, 2]);
  assert.deepEqual(parseCpuList('2-4,7', '--cpus'), [2, 3, 4, 7]);
  for (const text of ['', 'a', '4-2', '1,,2', '-1', '9999']) {
    assert.throws(() => parseCpuList(text, '--cpus'), /not a list of CPUs/);
  }
});

test('flags become one pace', () => {
  const pace = paceOf({
    asap: false,
    openLoop: false,
    speed: '2x',
    begin: '1s',
    end: '2s',
    limit: '5k',
    loop: '3',
    maxGap: '10ms',
  });
  assert.deepEqual(pace.pacing, { kind: 'closed-loop', speed: 2 });
  assert.deepEqual(pace.cut, { beginNs: 1e9, endNs: 2e9, limit: 5_000 });
  assert.deepEqual(paceOf({ asap: false, openLoop: true }).pacing, { kind: 'recorded', speed: 1 });
  assert.equal(pace.passes, 3);
  assert.equal(pace.maxGapNs, 10e6);
});

test('an end before the begin, and no passes at all, are refused', () => {
  const flags = { asap: false, openLoop: false };
  assert.throws(() => paceOf({ ...flags, begin: '2s', end: '1s' }), /--end must be later/);
  assert.throws(() => paceOf({ ...flags, loop: '0' }), /--loop: at least 1/);
});

test('a broken limit says which and by how much; a kept one says nothing', () => {
  const percentiles = { p50: 1, p90: 2, p99: 3, p999: 4, max: 60e3 };
  const summary = { lateness_ns: percentiles, drift_ns: -2e6 } as Parameters<
    typeof enforceLimits
  >[0]['summary']; // the two fields that limits look at
  enforceLimits({ summary }, limitsOf({ maxLateness: '60us', maxDrift: '2ms' }));
  assert.throws(
    () => enforceLimits({ summary }, limitsOf({ maxLateness: '50us', maxDrift: '1ms' })),
    /lateness 60 µs is over 50 µs, drift -2 ms is over 1 ms/,
  );
});
