// Entries of IOMMU_HWPT_INVALIDATE_DATA_VTD_S1, byte by byte, and the calls that carry them.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { ALL_PAGES, FLAG, KIND, PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { hwptVtdS1 } from '../../../replayer/dialects/hwpt-vtd-s1.ts';
import { hwptCalls } from '../../../replayer/calls/hwpt-calls.ts';
import { StepBatch } from '../../../replayer/planner/index.ts';

interface Range {
  readonly page: number;
  readonly pages: number;
  readonly leaf: boolean;
}

function steps(ranges: readonly (Range | 'domain')[], perStep = 1): StepBatch {
  const out = new StepBatch();
  ranges.forEach((range, i) => {
    const entry = out.nextEntry();
    const ranged = range !== 'domain';
    out.kind[entry] = KIND.iotlb;
    out.scope[entry] = ranged ? SCOPE.pasid | SCOPE.vaddr : 0;
    out.present[entry] = PRESENT.domainId | (ranged ? PRESENT.pasid | PRESENT.range : 0);
    out.flags[entry] = ranged && range.leaf ? FLAG.leaf : 0;
    out.domainId[entry] = 4;
    out.pasid[entry] = 0;
    out.page[entry] = ranged ? range.page : 0;
    out.pages[entry] = ranged ? range.pages : 0;
    out.entryFirstSeq[entry] = i;
    out.entryLastSeq[entry] = i;
    if ((i + 1) % perStep === 0) out.commit(i);
  });
  if (out.openEntries > 0) out.commit(ranges.length);
  return out;
}

function entryBytes(range: Range | 'domain'): {
  readonly addr: bigint;
  readonly npages: bigint;
  readonly flags: number;
  readonly reserved: number;
} {
  const view = new DataView(new ArrayBuffer(24));
  hwptVtdS1.encode(steps([range]), 0, view, 0);
  return {
    addr: view.getBigUint64(0, true),
    npages: view.getBigUint64(8, true),
    flags: view.getUint32(16, true),
    reserved: view.getUint32(20, true),
  };
}

test('an entry says exactly the range it was given, and never zero pages', () => {
  fc.assert(
    fc.property(
      fc.bigInt({ min: 0n, max: 2n ** 52n - 2n }),
      fc.bigInt({ min: 1n, max: 2n ** 52n - 1n }),
      fc.boolean(),
      (page, length, leaf) => {
        const pages = length > 2n ** 52n - page ? 2n ** 52n - page : length;
        const said = entryBytes({ page: Number(page), pages: Number(pages), leaf });
        assert.notEqual(said.npages, 0n);
        assert.equal(said.addr, page * 4096n);
        assert.equal(said.npages, pages);
        assert.equal(said.flags, leaf ? 1 : 0);
        assert.equal(said.reserved, 0);
      },
    ),
    { numRuns: 2000 },
  );
});

test('everything is address 0 with all ones, also for a whole domain, and then never a leaf hint', () => {
  const all = { addr: 0n, npages: 2n ** 64n - 1n, flags: 0, reserved: 0 };
  assert.deepEqual(entryBytes('domain'), all);
  assert.deepEqual({ ...entryBytes({ page: 0, pages: ALL_PAGES, leaf: false }) }, all);
});

test('a call carries the entries of its step in order, and its structure says so', () => {
  const ranges = [1, 2, 3, 4, 5].map((page) => ({ page, pages: page, leaf: true }));
  const program = hwptCalls(9, steps(ranges, 2), hwptVtdS1, () => [77]);
  assert.equal(program.calls, 3);
  assert.deepEqual([...program.stepCallEnd], [1, 2, 3]);
  assert.deepEqual([...program.entries], [2, 2, 1]);
  let page = 1;
  for (let call = 0; call < program.calls; call++) {
    const at = program.argument[call] - program.memory.address;
    const { view } = program.memory;
    assert.equal(view.getUint32(at, true), 32, 'size');
    assert.equal(view.getUint32(at + 4, true), 77, 'hwpt_id');
    assert.equal(view.getUint32(at + 16, true), 0, 'data_type');
    assert.equal(view.getUint32(at + 20, true), 24, 'entry_len');
    assert.equal(view.getUint32(at + 24, true), program.entries[call], 'entry_num');
    assert.equal(view.getUint32(at + 28, true), 0, 'reserved');
    const data = Number(view.getBigUint64(at + 8, true)) - program.memory.address;
    for (let i = 0; i < program.entries[call]; i++, page++) {
      assert.equal(view.getBigUint64(data + i * 24, true), BigInt(page * 4096));
    }
  }
});

test('entries for several host objects go to each in the order they were asked, and are counted as fan-out', () => {
  const one = steps(['domain', { page: 1, pages: 1, leaf: false }], 2);
  const program = hwptCalls(9, one, hwptVtdS1, (_, entry) => (entry === 0 ? [5, 6] : [6]));
  assert.equal(program.fanout, 1);
  assert.equal(program.calls, 2);
  assert.deepEqual([...program.entries], [1, 2]);
});
