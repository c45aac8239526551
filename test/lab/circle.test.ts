// The comparison itself: exact, in order, and honest about where two streams part.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareRows, differenceText, type HardwareRow, ONE_DOMAIN } from './circle.ts';

const page = (at: number, domain = ONE_DOMAIN): HardwareRow => ({
  kind: 'iotlb',
  flags: 2,
  domain,
  pasid: 0,
  page: at,
  pages: 1,
});
const barrier: HardwareRow = { kind: 'barrier', flags: 0 };

void test('circle: equal streams have no difference and count their barriers', () => {
  const seen = [page(1, 4), barrier, page(2, 4), barrier];
  assert.deepEqual(compareRows([page(1), barrier, page(2), barrier], seen), {
    expected: 4,
    seen: 4,
    barriers: 2,
    difference: undefined,
  });
});

void test('circle: a domain that is not known beforehand must stay the same', () => {
  const { difference } = compareRows([page(1), page(2)], [page(1, 4), page(2, 5)]);
  assert.equal(difference?.at, 1);
});

void test('circle: the same rows in another order part at the first one that moved', () => {
  const { difference } = compareRows(
    [page(1), page(2), page(3)],
    [page(1, 4), page(3, 4), page(2, 4)],
  );
  assert.equal(difference?.at, 1);
});

void test('circle: a stream that goes on, and one that stops early, part at the end of the shorter', () => {
  assert.equal(compareRows([page(1)], [page(1, 4), barrier]).difference?.expected, undefined);
  assert.equal(compareRows([page(1), barrier], [page(1, 4)]).difference?.seen, undefined);
});

void test('circle: every field counts', () => {
  const base: HardwareRow = {
    kind: 'iotlb',
    flags: 2,
    domain: 4,
    pasid: 0,
    source: 8,
    page: 1,
    pages: 2,
  };
  const others: readonly HardwareRow[] = [
    { ...base, kind: 'unmap' },
    { ...base, flags: 0 },
    { ...base, domain: 5 },
    { ...base, pasid: 1 },
    { ...base, source: 9 },
    { ...base, page: 2 },
    { ...base, pages: 4 },
  ];
  for (const other of others) assert.equal(compareRows([base], [other]).difference?.at, 0);
});

void test('circle: a difference shows the rows before it and both sides', () => {
  const { difference } = compareRows([barrier, page(1)], [barrier, page(0x10, 4)]);
  assert.ok(difference);
  assert.equal(
    differenceText(difference),
    [
      'the streams part at row 1:',
      '    0  both      barrier',
      '    1  expected  iotlb domain (any, the same) pasid 0 0x1000 +1 pages leaf',
      '    1  seen      iotlb domain 4 pasid 0 0x10000 +1 pages leaf',
    ].join('\n'),
  );
});
