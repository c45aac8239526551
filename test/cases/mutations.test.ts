// Whatever is done to a line, it is kept, lost or other, and no row is made up.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { mutations } from './mutations.ts';

void test('mutated lines, prefixes and containers: every line is accounted for, no row is made up', async () => {
  assert.deepEqual(await mutations(40), []);
});
