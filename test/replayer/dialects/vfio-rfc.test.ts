// Both layouts of the ioctl of 2017, byte by byte, and how an issuer tells which one a kernel speaks.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { ALL_PAGES, FLAG, KIND, SCOPE } from '../../../collector/model/index.ts';
import { vfioRfcGeneric } from '../../../replayer/dialects/vfio-rfc-generic.ts';
import { vfioRfcOpaque } from '../../../replayer/dialects/vfio-rfc-opaque.ts';
import { layoutsFrom } from '../../../replayer/issuers/vfio/rfc.ts';
import { ERRNO } from '../../../replayer/calls/native.ts';
import { askedOf, decodedVtd, hexOf, say, stepsOf, vector, vectors } from './entries.ts';

const NO_PASID = 1;
const VADDR_LEAF = 2;
const HEADER_BYTES = 16;

test('explicit: every row of the table is said byte for byte', () => {
  const rows = vectors.encodings.filter((each) => each.kind === 'rfc_generic');
  assert.ok(rows.length >= 7);
  for (const { id, hex, scope = 0, flags = 0, pasid = 0, vaddr = '0', size = '0' } of rows) {
    const asked = {
      flags:
        ((flags & NO_PASID) === 0 ? 0 : FLAG.noPasid) |
        ((flags & VADDR_LEAF) === 0 ? 0 : FLAG.leaf),
      ...((scope & SCOPE.pasid) === 0 ? {} : { pasid }),
      ...((scope & SCOPE.vaddr) === 0
        ? {}
        : { page: Number(BigInt(vaddr) >> 12n), pages: Number(BigInt(size) >> 12n) }),
    };
    const said = say(vfioRfcGeneric, stepsOf([asked]));
    assert.equal(hexOf(said.bytes), hex, id);
    assert.equal(said.widened, false, id);
  }
});

test('explicit: never a row that contradicts itself, a size of 0 or a range that wraps', () => {
  const some = fc.record({
    flags: fc.integer({ min: 0, max: 31 }),
    domain: fc.constant(1),
    pasid: fc.option(fc.integer({ min: 0, max: 0xfffff }), { nil: undefined }),
    page: fc.option(
      fc.maxSafeInteger().map((n) => Math.abs(n) % ALL_PAGES),
      { nil: undefined },
    ),
    pages: fc.maxSafeInteger().map((n) => (Math.abs(n) % ALL_PAGES) + 1),
  });
  fc.assert(
    fc.property(some, ({ pasid, page, ...rest }) => {
      const asked = {
        ...rest,
        ...(pasid === undefined ? {} : { pasid }),
        ...(page === undefined ? {} : { page }),
      };
      const { bytes } = say(vfioRfcGeneric, stepsOf([asked]));
      const view = new DataView(bytes.buffer);
      const [scope, flags] = [view.getUint32(4, true), view.getUint32(8, true)];
      const [vaddr, size] = [view.getBigUint64(16, true), view.getBigUint64(24, true)];
      assert.equal(view.getUint32(0, true), 32);
      assert.ok((flags & VADDR_LEAF) === 0 || (scope & SCOPE.vaddr) !== 0);
      assert.ok((flags & NO_PASID) === 0 || (scope & SCOPE.pasid) === 0);
      if ((scope & SCOPE.vaddr) === 0) assert.equal(size, 0n);
      else assert.ok(size > 0n && vaddr + size <= 2n ** 64n);
    }),
    { numRuns: 1000 },
  );
});

test('opaque: a captured VT-d descriptor is said again byte for byte, behind its header', () => {
  for (const { id, kind, hex } of vectors.encodings) {
    if (kind !== 'vtd_desc') continue;
    const captured = decodedVtd(vector(id));
    const said = say(vfioRfcOpaque, stepsOf([askedOf(captured)]));
    assert.equal(hexOf(said.bytes.subarray(0, HEADER_BYTES)), '20000000180000000000000010000000');
    assert.equal(hexOf(said.bytes.subarray(HEADER_BYTES)), hex, id);
    assert.equal(said.widened, false, id);
  }
});

test('opaque: a range that is no aligned power of two is widened to one that holds it, and counted', () => {
  const some = fc.tuple(
    fc.integer({ min: 0, max: 2 ** 40 }),
    fc.integer({ min: 1, max: 5000 }),
    fc.boolean(),
  );
  fc.assert(
    fc.property(some, ([page, pages, leaf]) => {
      const asked = { domain: 4, flags: leaf ? FLAG.leaf : 0, page, pages };
      const said = say(vfioRfcOpaque, stepsOf([asked]));
      const back = askedOf(decodedVtd(said.bytes.subarray(HEADER_BYTES)));
      assert.equal(back.kind, KIND.iotlb);
      assert.equal(back.domain, 4);
      assert.equal((back.flags ?? 0) & FLAG.leaf, asked.flags);
      const [first = 0, length = 0] = [back.page, back.pages];
      assert.ok(first <= page && first + length >= page + pages);
      assert.equal(said.widened, length > pages);
    }),
    { numRuns: 1000 },
  );
});

test('two refusals tell which layouts a kernel speaks; any other answer means neither', () => {
  const { ENOTTY, EINVAL, EOPNOTSUPP } = ERRNO;
  const named = (a: number, b: number): readonly string[] => [...layoutsFrom(a, b)].sort();
  assert.deepEqual(named(ENOTTY, ENOTTY), []);
  assert.deepEqual(named(EINVAL, EOPNOTSUPP), ['generic']);
  assert.deepEqual(named(EOPNOTSUPP, EINVAL), ['opaque']);
  assert.deepEqual(named(EOPNOTSUPP, EOPNOTSUPP), ['generic', 'opaque']);
  assert.deepEqual(named(0, 0), []);
  assert.deepEqual(named(EINVAL, EINVAL), []);
});
