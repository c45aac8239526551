// SMMUv3 commands for a vIOMMU: exact bytes, exact ranges, and never what the host answers EIO to.

import assert from 'node:assert/strict';
import test from 'node:test';

import * as fc from 'fast-check';

import { ALL_PAGES, EventBuilder, FLAG, KIND, PRESENT } from '../../../collector/model/index.ts';
import { viommuArmSmmuv3 as dialect } from '../../../replayer/dialects/viommu-arm-smmuv3.ts';
import { smmuCompleted, streamIdOf } from '../../../replayer/issuers/iommufd/smmu-nested.ts';
import { ERRNO } from '../../../replayer/calls/native.ts';
import {
  askedOf,
  bytesOf,
  decodedSmmu,
  hexOf,
  say,
  stepsOf,
  vector,
  vectors,
  type Asked,
} from './entries.ts';

const TTL = 0x03;

test('a captured command is said again byte for byte', () => {
  for (const id of ['nh_all', 'nh_asid', 'nh_va_4k_leaf', 'nsnh_all']) {
    const captured = vector(id);
    const said = say(dialect, stepsOf([askedOf(decodedSmmu(captured))]));
    assert.equal(hexOf(said.bytes), hexOf(captured), id);
    assert.equal(said.widened, false);
  }
});

test('a captured range is said again in its lowest terms, without TTL: level unknown is wider', () => {
  const captured = vector('nh_va_range');
  const said = say(dialect, stepsOf([askedOf(decodedSmmu(captured))]));
  // 16 << 2 pages became 1 << 6.
  captured.set([0x12, 0x00, 0x60], 0);
  captured[9] &= ~TTL;
  assert.equal(hexOf(said.bytes), hexOf(captured));
  assert.deepEqual(askedOf(decodedSmmu(said.bytes)), askedOf(decodedSmmu(vector('nh_va_range'))));
});

test('ATC_INV and CFGI commands are said again byte for byte, CFGI_CD without its leaf hint', () => {
  const taken = vectors.smmuv3_user_commands.filter(({ id }) =>
    ['atc_ok', 'cfgi_cd', 'cfgi_cd_all'].includes(id),
  );
  assert.equal(taken.length, 3);
  for (const { id, in: hex } of taken) {
    const captured = bytesOf(hex);
    const batch = decodedSmmu(captured);
    assert.equal(dialect.refuse(batch, 0), undefined, id);
    const said = say(dialect, stepsOf([askedOf(batch)]));
    if (id === 'cfgi_cd') captured[8] &= ~1;
    if (id === 'atc_ok') captured[9] &= 0x0f; // the address bits below its 16 pages mean nothing
    assert.equal(hexOf(said.bytes), hexOf(captured), id);
  }
  const unaligned = say(dialect, stepsOf([{ kind: KIND.deviceTlb, source: 8, page: 3, pages: 2 }]));
  assert.deepEqual(askedOf(decodedSmmu(unaligned.bytes)), {
    kind: KIND.deviceTlb,
    flags: 0,
    source: 8,
    page: 0,
    pages: 8,
  });
  assert.equal(unaligned.widened, true);
});

test('what a log shows of ATC_INV and CFGI_CD is not enough, and the reason says what is missing', () => {
  const out = new EventBuilder(2);
  out.kind[out.next(0, 0)] = KIND.deviceTlb;
  out.kind[out.next(0, 0)] = KIND.pasidCache;
  out.sourceId[1] = 8;
  out.present[1] |= PRESENT.sourceId;
  assert.match(dialect.refuse(out, 0) ?? '', /shows no StreamID/);
  assert.match(dialect.refuse(out, 1) ?? '', /SSID is not known/);
});

test("ranges keep the granule of the guest's tables, from words and from decoded fields alike", () => {
  const captured = vector('nh_vaa_range_64k');
  const asked = askedOf(decodedSmmu(captured));
  assert.equal(asked.flags, FLAG.granule64k | ((asked.flags ?? 0) & FLAG.leaf));
  const said = say(dialect, stepsOf([asked]));
  assert.equal(said.widened, false);
  assert.deepEqual(askedOf(decodedSmmu(said.bytes)), asked);
  assert.equal((said.bytes[9] >> 2) & 3, 3);
  // Less than a granule can't be said: the granules that hold it.
  const part = say(dialect, stepsOf([{ ...asked, page: 17, pages: 16 }]));
  assert.equal(part.widened, true);
  const { page: first, pages } = askedOf(decodedSmmu(part.bytes));
  assert.deepEqual([first, pages], [16, 32]);
});

test('a range is split as the Linux driver splits it', () => {
  for (const { id, iova, size, leaf, tg_lg2, cmds } of vectors.smmuv3_range_split) {
    if (leaf !== 1 || tg_lg2 !== 12) continue;
    const asked = {
      domain: 0,
      pasid: 7,
      flags: FLAG.leaf,
      page: Number(BigInt(iova) >> 12n),
      pages: Number(BigInt(size) >> 12n),
    };
    const said = say(dialect, stepsOf([asked]));
    const view = new DataView(said.bytes.buffer);
    const fields = Array.from({ length: said.commands }, (_, i) => ({
      addr: `0x${(view.getBigUint64(i * 16 + 8, true) & ~0xfffn).toString(16)}`,
      num: (view.getUint32(i * 16, true) >>> 12) & 0x1f,
      scale: (view.getUint32(i * 16, true) >>> 20) & 0x3f,
    }));
    assert.deepEqual(
      fields,
      cmds.map(({ addr, num, scale }) => ({ addr, num, scale })),
      id,
    );
  }
});

const page = fc.integer({ min: 0, max: 2 ** 36 });
const someAsked = fc.record({
  domain: fc.integer({ min: 0, max: 0xffff }),
  pasid: fc.option(fc.integer({ min: 0, max: 0xffff }), { nil: undefined }),
  flags: fc.constantFrom(0, FLAG.leaf),
  page,
  pages: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 2 ** 35 })),
});

/** Without the ASID where there is none. */
function meaning({
  pasid,
  ...rest
}: Omit<Asked, 'pasid'> & { readonly pasid: number | undefined }): Asked {
  return pasid === undefined ? rest : { ...rest, pasid };
}

test('decoding what was encoded gives the same request back, in pieces that tile its range exactly', () => {
  fc.assert(
    fc.property(someAsked, (asked) => {
      const said = say(dialect, stepsOf([meaning(asked)]));
      const back = decodedSmmu(said.bytes);
      assert.equal(back.count, said.commands);
      assert.equal(said.widened, false);
      let next = asked.page;
      for (let row = 0; row < back.count; row++) {
        assert.equal(dialect.refuse(back, row), undefined);
        const piece = askedOf(back, row);
        assert.equal(piece.page, next);
        next += piece.pages ?? 0;
        assert.deepEqual(
          { ...piece, page: 0, pages: 0 },
          { kind: KIND.iotlb, ...meaning(asked), page: 0, pages: 0 },
        );
      }
      assert.equal(next, asked.page + asked.pages);
    }),
    { numRuns: 1000 },
  );
});

test('what NUM and SCALE cannot say becomes the whole ASID or VMID, and counts as wider', () => {
  const huge = 2 ** 40;
  const byAsid = say(dialect, stepsOf([{ domain: 3, pasid: 5, page: 0, pages: huge }]));
  assert.deepEqual(askedOf(decodedSmmu(byAsid.bytes)), {
    kind: KIND.iotlb,
    flags: 0,
    domain: 3,
    pasid: 5,
  });
  assert.equal(byAsid.widened, true);
  const all = say(dialect, stepsOf([{ domain: 3, page: 0, pages: ALL_PAGES }]));
  assert.deepEqual(askedOf(decodedSmmu(all.bytes)), { kind: KIND.iotlb, flags: 0, domain: 3 });
  assert.equal(all.widened, false);
});

test('what the host answers EIO to is refused with a reason, and nothing that it takes is', () => {
  for (const { id, in: hex, errno } of vectors.smmuv3_user_commands) {
    const batch = decodedSmmu(bytesOf(hex));
    if (batch.kind[0] === KIND.barrier) continue; // never asked: a call is its own sync
    const reason = dialect.refuse(batch, 0);
    if (errno === '0') assert.equal(reason, undefined, id);
    // Whether the host knows the device is the issuer's business, not the command's.
    else if (id !== 'atc_unknown_vsid') assert.notEqual(reason, undefined, id);
  }
  for (const id of ['el2_all', 'el2_va', 's12_vmall', 's2_ipa_range'])
    assert.match(dialect.refuse(decodedSmmu(vector(id)), 0) ?? '', /EIO/, id);
});

test('one host device stands for one StreamID: a second one is refused before anything is issued', () => {
  const tlbi = { domain: 1, pasid: 2, page: 1, pages: 1 };
  const atc = { kind: KIND.deviceTlb, source: 8, page: 0, pages: 1 };
  assert.equal(streamIdOf(stepsOf([tlbi]), undefined), undefined);
  assert.equal(streamIdOf(stepsOf([tlbi, atc, atc]), undefined), 8);
  assert.equal(streamIdOf(stepsOf([atc]), 8), 8);
  assert.throws(() => streamIdOf(stepsOf([atc, { ...atc, source: 9 }]), undefined), /0x8 and 0x9/);
  assert.throws(() => streamIdOf(stepsOf([atc]), 7), /0x7 and 0x8.*nothing was issued/);
});

test('a block of 63 commands has one sync', () => {
  assert.deepEqual(
    [1, 63, 64, 126, 200].map((n) => dialect.hardwareWaits(n)),
    [1, 1, 2, 2, 4],
  );
});

test('after an error only whole blocks were completed; after ENOMEM nothing was', () => {
  const { EIO, ETIMEDOUT, ENOMEM, EINVAL } = ERRNO;
  assert.equal(smmuCompleted(0, 200), 200);
  assert.equal(smmuCompleted(EIO, 150), 126);
  assert.equal(smmuCompleted(EIO, 63), 63);
  assert.equal(smmuCompleted(EIO, 3), 0);
  assert.equal(smmuCompleted(ETIMEDOUT, 125), 63);
  assert.equal(smmuCompleted(ENOMEM, 200), 0);
  assert.equal(smmuCompleted(EINVAL, 0), 0);
});
