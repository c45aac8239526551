// The mock's entries: which slots stand for a range, and their bytes.

import assert from 'node:assert/strict';
import test from 'node:test';

import { hwptSelftest } from '../../../replayer/dialects/hwpt-selftest.ts';
import { MOCK_GUEST_DEVICE, viommuSelftest } from '../../../replayer/dialects/viommu-selftest.ts';
import { hexOf, say, stepsOf, vector } from './entries.ts';

const wordsOf = (bytes: Uint8Array): readonly number[] => [...new Uint32Array(bytes.buffer)];

test('a page is the slot of its number modulo four, one entry a slot', () => {
  const said = say(hwptSelftest, stepsOf([{ page: 6 }]));
  assert.equal(hexOf(said.bytes), hexOf(vector('selftest_inv_slot2')));
  const three = say(hwptSelftest, stepsOf([{ page: 6, pages: 3 }]));
  assert.deepEqual(wordsOf(three.bytes), [0, 2, 0, 3, 0, 0]);
});

test('four pages or more, and whatever has no range, are all slots in one entry', () => {
  for (const asked of [{ page: 6, pages: 4 }, { page: 0, pages: 512 }, { domain: 1 }, {}]) {
    const said = say(hwptSelftest, stepsOf([asked]));
    assert.deepEqual(wordsOf(said.bytes), [1, 0]);
    assert.equal(said.widened, false);
  }
});

test('on the vIOMMU each entry names the one device and a cache of it', () => {
  const said = say(viommuSelftest, stepsOf([{ page: 3, pages: 2 }]));
  assert.deepEqual(wordsOf(said.bytes), [0, MOCK_GUEST_DEVICE, 3, 0, MOCK_GUEST_DEVICE, 0]);
  const all = say(viommuSelftest, stepsOf([{ domain: 1 }]));
  assert.deepEqual(wordsOf(all.bytes), [1, MOCK_GUEST_DEVICE, 0]);
});
