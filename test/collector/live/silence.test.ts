import assert from 'node:assert/strict';
import { test } from 'node:test';

import { SilenceWatch, likelyReason, processBytes } from '../../../collector/live/silence.ts';

const MB = 1_000_000;

/** Looks every 5 s; returns when it told, in seconds. */
function toldAt(
  seconds: number,
  at: (second: number) => { events: number; bytes: number },
): number[] {
  const watch = new SilenceWatch();
  const told: number[] = [];
  for (let second = 0; second <= seconds; second += 5) {
    const { events, bytes } = at(second);
    if (watch.look(second, events, bytes) !== undefined) told.push(second);
  }
  return told;
}

test('silence: half a minute without an event while data moves is told, once', () => {
  assert.deepEqual(
    toldAt(120, (s) => ({ events: 7, bytes: 2 * MB * s })),
    [30],
  );
});

test('silence: an idle guest is quiet without fault, until it moves data', () => {
  assert.deepEqual(
    toldAt(300, () => ({ events: 7, bytes: 5 })),
    [],
  );
  assert.deepEqual(
    toldAt(120, (s) => ({ events: 7, bytes: Math.max(0, s - 60) * 2 * MB })),
    [90],
  );
});

test('silence: events end it, and the next one is told again', () => {
  assert.deepEqual(
    toldAt(120, (s) => ({ events: s < 50 ? 1 : 2, bytes: 2 * MB * s })),
    [30, 80],
  );
});

test('silence: slower than 1 MB/s is no fault', () => {
  assert.deepEqual(
    toldAt(300, (s) => ({ events: 0, bytes: 0.9 * MB * s })),
    [],
  );
});

test('silence: what a process moves is read, and a QEMU without an IOMMU is named so', () => {
  assert.ok((processBytes(process.pid) ?? 0) > 0);
  assert.equal(processBytes(2 ** 22 + 1), undefined);
  assert.match(likelyReason(process.pid), /no emulated IOMMU/);
});
