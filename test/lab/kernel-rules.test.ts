// The kernel's widening rules against what was executed on Linux 7.3.4 (spec 2.8, 2.9 and their captures).

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { ALL_PAGES } from '../../collector/model/index.ts';
import { type HardwareRow, ONE_DOMAIN } from './circle.ts';
import {
  alignedSpan,
  joinTiles,
  smmuNestedRows,
  virtioUnmapRows,
  vtdDomainRows,
  vtdNestedRows,
} from './kernel-rules.ts';
import { vtdEntry } from './rule-entries.ts';

/** What a call of one entry became: [page, pages] or undefined for everything. */
function nested(addr: bigint, npages: bigint): readonly (number | undefined)[] {
  const [row] = vtdNestedRows(vtdEntry(addr, npages, true));
  return [row.page, row.pages];
}

void test('vtd: ranges become what the captures show', () => {
  assert.deepEqual(nested(0n, 1n), [0, 1]);
  assert.deepEqual(nested(0xfffa0000n, 12n), [0xfffa0, 16]);
  assert.deepEqual(nested(0x7ffff000n, 2n), [0, 2 ** 20]);
  assert.deepEqual(nested(0x40000000n, 512n), [0x40000, 512]);
  assert.deepEqual(nested(0x1000n, 3n), [0, 4]);
  assert.deepEqual(nested(0n, 0xffff_ffff_ffff_ffffn), [undefined, undefined]);
});

void test('vtd: a call of many entries is one descriptor and one wait an entry', () => {
  const entries = Buffer.concat([1n, 2n, 3n].map((pages) => vtdEntry(0x1000n, pages, false)));
  assert.deepEqual(
    vtdNestedRows(entries).map((row) => row.kind),
    ['iotlb', 'barrier', 'iotlb', 'barrier', 'iotlb', 'barrier'],
  );
});

void test('vtd: the aligned span holds the range, is a power of two, aligned, and the smallest such', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, (1n << 48n) - 1n), fc.bigInt(1n, 1n << 30n), (page, pages) => {
      const [start, last] = [page << 12n, ((page + pages) << 12n) - 1n];
      const span = alignedSpan(start, last);
      const holds = (at: bigint, size: bigint): boolean => at <= page && at + size >= page + pages;
      const [at, size] = [BigInt(span.page), BigInt(span.pages)];
      assert.ok(holds(at, size) && at % size === 0n && (size & (size - 1n)) === 0n);
      const half = size / 2n;
      if (half > 0n) assert.ok(!holds((page / half) * half, half));
    }),
  );
  assert.deepEqual(alignedSpan(0n, 0xffff_ffff_ffff_ffffn), { page: 0, pages: ALL_PAGES });
});

void test('vtd: through type1 a range past the hardware limit takes the whole domain', () => {
  const [row] = vtdDomainRows({ start: 0n, last: (1n << 32n) - 1n, leaf: true });
  assert.equal(row.page, undefined);
});

const nhVa = (page: bigint): Uint8Array => {
  const bytes = Buffer.alloc(16);
  bytes.writeBigUInt64LE(0x12n | (0x33n << 32n) | (7n << 48n), 0);
  bytes.writeBigUInt64LE((page << 12n) | 1n, 8);
  return bytes;
};

void test('smmuv3: one sync after every 63 commands and one at the end of a call', () => {
  const barriers = (count: number): readonly number[] =>
    smmuNestedRows(Buffer.concat(Array.from({ length: count }, (_, index) => nhVa(BigInt(index)))))
      .map((row, index) => (row.kind === 'barrier' ? index : -1))
      .filter((index) => index >= 0);
  assert.deepEqual(barriers(63), [63]);
  assert.deepEqual(barriers(64), [63, 65]);
  assert.deepEqual(barriers(200), [63, 127, 191, 203]);
});

void test("smmuv3: the guest's VMID is not the host's, its ASID is", () => {
  const [row] = smmuNestedRows(nhVa(5n));
  assert.deepEqual(row, {
    kind: 'iotlb',
    flags: 2,
    domain: ONE_DOMAIN,
    pasid: 7,
    page: 5,
    pages: 1,
  });
});

void test('smmuv3: a command that the host refuses is not expected anywhere', () => {
  assert.throws(() => smmuNestedRows(Buffer.alloc(16, 0x46)));
});

const piece = (page: number, pages: number): HardwareRow => ({
  kind: 'unmap',
  flags: 0,
  domain: 9,
  page,
  pages,
});
const barrier: HardwareRow = { kind: 'barrier', flags: 0 };

void test('virtio-iommu: pieces that tile one unmap are joined, neighbouring unmaps are not', () => {
  const expected = [...virtioUnmapRows(10, 3), ...virtioUnmapRows(13, 2), ...virtioUnmapRows(0, 1)];
  const seen = [
    piece(10, 2),
    barrier,
    piece(12, 1),
    barrier,
    piece(13, 2),
    barrier,
    piece(0, 1),
    barrier,
  ];
  assert.deepEqual(joinTiles(seen, expected), [
    piece(10, 3),
    barrier,
    piece(13, 2),
    barrier,
    piece(0, 1),
    barrier,
  ]);
});

void test('virtio-iommu: pieces with a hole stay as they are', () => {
  const seen = [piece(10, 1), barrier, piece(12, 1), barrier];
  assert.deepEqual(joinTiles(seen, virtioUnmapRows(10, 3)), seen);
});
