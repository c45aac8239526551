// The recordings that ship: each reads whole, has what it was made for, is planned without fault by every
// strategy, and stands in the README with the figures that it gives.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { openTrace } from '../../collector/format/index.ts';
import { KIND } from '../../collector/model/index.ts';
import { strategies } from '../../replayer/strategies/index.ts';
import { workloads } from '../lab/workloads.ts';
import { recordedPath, recordedRows } from '../replayer/fixtures.ts';
import type { Row } from '../replayer/recording.ts';
import {
  closedRow,
  contentRow,
  factsUnder,
  intervalsOf,
  isRanged,
  strategyRow,
} from '../support/recording-facts.ts';

const MOST_BYTES = 400 * 1024;
const folder = dirname(recordedPath('any'));
const readme = readFileSync(join(folder, 'README.md'), 'utf8');

const shareOf = (rows: readonly Row[], is: (row: Row) => boolean): number =>
  rows.filter(is).length / rows.length;
const iotlbOf = (rows: readonly Row[]): readonly Row[] =>
  rows.filter((row) => row.kind === KIND.iotlb);
const domainsOf = (rows: readonly Row[]): Set<number | undefined> =>
  new Set(iotlbOf(rows).map((row) => row.domain));

/** How often an interval is for another domain than the one before it. */
function domainChanges(rows: readonly Row[]): number {
  const domains = intervalsOf(rows).map(([first]) => first.domain);
  return domains.filter((domain, i) => i > 0 && domain !== domains[i - 1]).length / domains.length;
}

const wholeDomains = (rows: readonly Row[]): number =>
  shareOf(iotlbOf(rows), (row) => !isRanged(row));

function waitersOf(name: string): number {
  using reader = openTrace(recordedPath(name));
  return reader.header.waiters.length;
}

/** What each was made for. */
const PROPERTIES: Readonly<Record<string, (rows: readonly Row[]) => void>> = {
  'vtd-lazy': (rows) => assert.ok(wholeDomains(rows) > 0.5),
  'vtd-large-unmaps': (rows) => {
    const pages = iotlbOf(rows).map((row) => row.pages);
    assert.ok(pages.filter((count) => count > 256).length >= 15);
    assert.equal(Math.max(...pages.filter((count) => count < 2 ** 52)), 16_384);
  },
  'vtd-shared-domain': (rows) => assert.equal(domainsOf(rows).size, 1),
  'vtd-ats': (rows) => {
    const kinds = [KIND.iotlb, KIND.deviceTlb, KIND.deviceTlb];
    for (const interval of intervalsOf(rows))
      assert.deepEqual(
        interval.map((row) => row.kind),
        kinds,
      );
  },
  'vtd-many-queues': (rows) => {
    assert.equal(domainsOf(rows).size, 2);
    assert.ok(domainChanges(rows) > 0.2);
  },
  'vtd-8cpu': (rows) => {
    assert.equal(waitersOf('vtd-8cpu'), 8);
    assert.equal(domainsOf(rows).size, 2);
    assert.ok(domainChanges(rows) > 0.2);
  },
  'vtd-8cpu-lazy': (rows) => {
    assert.equal(waitersOf('vtd-8cpu-lazy'), 8);
    assert.ok(wholeDomains(rows) > 0.05);
  },
  'smmuv3-lazy': (rows) => assert.ok(wholeDomains(rows) > 0.2),
  'smmuv3-no-range': (rows) => {
    const intervals = intervalsOf(rows);
    const shared = intervals.filter((interval) => interval.length > 1);
    assert.ok(shared.length / intervals.length > 0.2);
    assert.ok(shared.flat().length / rows.length > 0.8);
    assert.ok(iotlbOf(rows).every((row) => !isRanged(row) || row.pages === 1));
  },
  'two-vms': (rows) => {
    const [first, second] = [0, 1].map((stream) => rows.filter((row) => row.stream === stream));
    assert.ok(Math.min(first.length, second.length) > 500);
    assert.ok(first[0].tNs < (second.at(-1)?.tNs ?? 0) && second[0].tNs < (first.at(-1)?.tNs ?? 0));
  },
};

void test('every recording that the lab makes is there, and no other', () => {
  const there = readdirSync(folder).filter((name) => name.endsWith('.arrow'));
  assert.deepEqual(there.toSorted(), workloads.names.map((name) => `${name}.arrow`).toSorted());
  assert.deepEqual(Object.keys(PROPERTIES).toSorted(), workloads.names.toSorted());
});

for (const { name, summary } of workloads.entries) {
  void test(`${name}: is sealed, small, and lost nothing`, () => {
    assert.ok(statSync(recordedPath(name)).size < MOST_BYTES);
    using reader = openTrace(recordedPath(name));
    for (const batch of reader.batches()) assert.ok(batch.count > 0);
    assert.equal(reader.end?.tally.lost, 0);
  });

  void test(`${name}: ${summary}`, () => {
    PROPERTIES[name](recordedRows(name));
  });

  void test(`${name}: every strategy plans all of it`, () => {
    const rows = recordedRows(name);
    for (const strategy of strategies.names) {
      assert.deepEqual(factsUnder(name, rows, strategy).verdict.broken, [], strategy);
    }
  });

  void test(`${name}: the README has its figures`, () => {
    const rows = recordedRows(name);
    const wanted = [
      contentRow(name, rows),
      strategyRow(name, rows),
      closedRow(name, recordedPath(name)),
    ];
    for (const row of wanted) assert.ok(readme.includes(`${row}\n`), `README lacks: ${row}`);
  });
}
