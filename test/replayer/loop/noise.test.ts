import assert from 'node:assert/strict';
import { test } from 'node:test';

import { openLibrary } from '../../../replayer/loop/native/library.ts';
import { measureNoise } from '../../../replayer/loop/noise.ts';

test('the floor covers the span that was asked for, and longer gaps are part of the shorter', () => {
  for (const busyShare of [0, 0.85]) {
    const floor = measureNoise(openLibrary(), 5e6, busyShare);
    assert.ok(floor.span_ns >= 5e6);
    assert.ok(floor.reads > 0);
    assert.ok(floor.share_over_1us >= floor.share_over_10us);
    assert.ok(floor.share_over_10us >= floor.share_over_100us);
    assert.ok(floor.share_over_1us <= 1);
    assert.equal(floor.gaps_over_10us > 0, floor.share_over_10us > 0);
  }
});
