// Each form in which captures reach people gives its right value.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { CASES } from './cases.ts';
import { runCase } from './run.ts';

for (const one of CASES) {
  void test(`${one.file}: ${one.what}`, async (t) => {
    const { answer, wrong } = await runCase(one);
    t.diagnostic(answer);
    assert.equal(wrong, undefined);
  });
}
