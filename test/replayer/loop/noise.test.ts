import assert from 'node:assert/strict';
import { test } from 'node:test';

import { measureNoise } from '../../../replayer/loop/noise.ts';

test('gaps are added up by length, as shares of the span', () => {
  const readings = [0, 100, 2_100, 2_200, 22_200, 222_200, 222_300];
  let at = 0;
  const floor = measureNoise({ now: () => readings[at++], sleepUntil: () => undefined }, 222_300);
  assert.equal(floor.span_ns, 222_300);
  assert.equal(floor.reads, 6);
  assert.equal(floor.share_over_1us, 222_000 / 222_300);
  assert.equal(floor.share_over_10us, 220_000 / 222_300);
  assert.equal(floor.share_over_100us, 200_000 / 222_300);
  assert.equal(floor.gaps_over_10us, 2);
  assert.equal(floor.longest_gap_ns, 200_000);
});
