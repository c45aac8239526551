// A StepBatch has a field for each column of the tables in columns.ts; whatever copies entries copies all of
// them, also where the copying is written out for speed. A column that is forgotten somewhere shows here.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { ENTRY_COLUMNS, RELEASE_COLUMNS, namesOf } from '../../../replayer/steps/columns.ts';
import { StepBatch } from '../../../replayer/steps/step-batch.ts';

const ENTRIES = 60; // above the number from which entries are copied column by column

/** Entry i holds i + 1 in its first column, i + 2 in the second, and so on: no two columns look alike. */
function filled(): StepBatch {
  const out = new StepBatch(1);
  for (let i = 0; i < ENTRIES; i++) {
    out.nextEntry();
    namesOf(ENTRY_COLUMNS).forEach((name, c) => (out[name][i] = i + 1 + c));
    out.addRelease(i, 2 * i);
    out.commit(10 * i, i);
  }
  return out;
}

const rowOf = (batch: StepBatch, i: number): number[] =>
  namesOf(ENTRY_COLUMNS).map((name) => batch[name][i]);

const from = filled();
const all = Array.from({ length: ENTRIES }, (_, i) => rowOf(from, i));

/** Ways to copy entries of `from`, and which entries come out. */
const ways: Readonly<Record<string, readonly [(to: StepBatch) => void, readonly number[]]>> = {
  'one entry': [(to) => to.copyEntry(from, 7), [7]],
  'a short run': [(to) => to.copyEntryRun(from, 3, 9), [3, 4, 5, 6, 7, 8]],
  'a long run': [(to) => to.copyEntryRun(from, 0, ENTRIES), [...all.keys()]],
  'a few steps': [(to) => to.appendSteps(from, 2, 4), [2, 3]],
  'many steps': [(to) => to.appendSteps(from, 0, ENTRIES), [...all.keys()]],
  contents: [(to) => to.copyContents(from), [...all.keys()]],
  'each twice': [
    (to) => to.appendCounted(from, new Uint32Array(ENTRIES).fill(2)),
    [...all.keys()].flatMap((i) => [i, i]),
  ],
  'each fifty times': [
    (to) => to.appendCounted(from, new Uint32Array(ENTRIES).fill(50)),
    [...all.keys()].flatMap((i) => Array.from({ length: 50 }, () => i)),
  ],
};

for (const [name, [copy, wanted]] of Object.entries(ways)) {
  void test(`every column of an entry is copied: ${name}`, () => {
    const to = new StepBatch(1);
    copy(to);
    assert.equal(to.entries, wanted.length);
    wanted.forEach((i, at) => assert.deepEqual(rowOf(to, at), all[i]));
  });
}

void test('what is open moves to the front whole when the committed steps are dropped', () => {
  const batch = filled();
  batch.copyEntry(batch, 11);
  batch.addRelease(5, 6);
  batch.dropCommitted();
  assert.deepEqual([batch.steps, batch.entries, batch.releases], [0, 1, 1]);
  assert.deepEqual(rowOf(batch, 0), all[11]);
  assert.deepEqual(
    namesOf(RELEASE_COLUMNS).map((name) => batch[name][0]),
    [5, 6],
  );
});
