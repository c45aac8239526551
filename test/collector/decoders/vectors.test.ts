// Every descriptor and command of the specification's vectors, both ways: fields to bytes by encoders of
// their own, bytes to canonical columns by the decoders.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { decodeAmdvi } from '../../../collector/decoders/amdvi.ts';
import type { Words128 } from '../../../collector/decoders/columns.ts';
import { decodeSmmuv3 } from '../../../collector/decoders/smmuv3.ts';
import { decodeVirtioIommu } from '../../../collector/decoders/virtio-iommu.ts';
import { decodeVtd, decodeVtd256 } from '../../../collector/decoders/vtd.ts';
import { EventBuilder, FLAG } from '../../../collector/model/index.ts';
import { encodeAmdPages, encodeSmmuv3, encodeVtd, hexOf } from '../../support/encode.ts';
import { vectors, type Vector } from '../../support/fixtures.ts';
import { rowAt, type Row } from '../../support/read-source.ts';

const of = (kind: string): readonly Vector[] =>
  vectors.encodings.filter((entry) => entry.kind === kind);

function wordsOf(hex: string): Words128 {
  const bytes = Buffer.from(hex, 'hex');
  const word = (at: number): number => bytes.readUInt32LE(at);
  return { q0lo: word(0), q0hi: word(4), q1lo: word(8), q1hi: word(12) };
}

type Decoder = (out: EventBuilder, row: number, words: Words128) => void;

function decode(decoder: Decoder, hex: string): Row {
  const out = new EventBuilder(1);
  decoder(out, out.next(0, 0), wordsOf(hex));
  return rowAt(out, 0);
}

/** `page+pages` in hex of a byte address and a length; undefined for everything. */
function span(address: bigint, bytes: bigint): string | undefined {
  return bytes >= 1n << 64n
    ? undefined
    : `${(address >> 12n).toString(16)}+${(bytes >> 12n).toString(16)}`;
}

type Fields = Readonly<Record<string, string | number>>;
const num = (value: string | number | undefined): number => Number(value ?? 0);

/** What a VT-d vector's named fields say the row must be, by the tables of spec 3.3. */
function expectedVtd(f: Fields): Partial<Row> {
  const masked = span(BigInt(f.addr ?? 0), 4096n << BigInt(f.am ?? 0));
  const sized = span(BigInt(f.range_base ?? 0), 4096n << BigInt(f.order_4k ?? 0));
  const drain = (num(f.dw) === 1 ? FLAG.drainWrites : 0) | (num(f.dr) === 1 ? FLAG.drainReads : 0);
  const leaf = num(f.ih) === 1 ? FLAG.leaf : 0;
  const isPage = f.g === 3;
  const domain = num(f.did);
  const none = { domain: undefined, pasid: undefined, source: undefined, range: undefined };
  switch (f.type) {
    case 'context-cache':
      return {
        ...none,
        kind: 'context-cache',
        domain: num(f.g) >= 2 ? domain : undefined,
        source: f.g === 3 ? num(f.sid) : undefined,
      };
    case 'iotlb':
      return {
        ...none,
        kind: 'iotlb',
        domain: num(f.g) >= 2 ? domain : undefined,
        range: isPage ? masked : undefined,
        flags: drain | leaf,
      };
    case 'device-tlb':
      return { ...none, kind: 'device-tlb', source: num(f.sid), range: sized };
    case 'iec':
      return { ...none, kind: 'interrupt-entry-cache' };
    case 'wait':
      return { ...none, kind: 'barrier' };
    case 'pasid-iotlb':
      return {
        ...none,
        kind: 'iotlb',
        domain,
        pasid: num(f.pasid),
        range: isPage ? masked : undefined,
        flags: leaf,
      };
    case 'pasid-cache':
      return {
        ...none,
        kind: 'pasid-cache',
        domain: f.g === 3 ? undefined : domain,
        pasid: f.g === 1 ? num(f.pasid) : undefined,
      };
    case 'pasid-device-tlb':
      return {
        ...none,
        kind: 'device-tlb',
        source: num(f.sid),
        pasid: num(f.pasid),
        range: sized,
        flags: num(f.global) === 1 ? FLAG.global : 0,
      };
    default:
      throw new Error(`vector of type ${f.type}`);
  }
}

/** The same for SMMUv3 commands, by the tables of spec 4. */
function expectedSmmuv3(f: Fields): Partial<Row> {
  const opcode = num(f.opcode);
  const none = { domain: undefined, pasid: undefined, source: undefined, range: undefined };
  const granule = [4096n, 4096n, 16_384n, 65_536n][num(f.tg)];
  const range = span(
    BigInt(f.addr ?? 0),
    ((BigInt(f.num ?? 0) + 1n) << BigInt(f.scale ?? 0)) * granule,
  );
  const inGranules = [0, 0, FLAG.granule16k, FLAG.granule64k][num(f.tg)];
  const leaf = (num(f.leaf) === 1 ? FLAG.leaf : 0) | inGranules;
  const vmid = num(f.vmid);
  const asid = num(f.asid);
  const rows: Readonly<Record<number, Partial<Row>>> = {
    0x03: { kind: 'context-cache', source: num(f.sid) },
    0x04: { kind: 'context-cache' },
    0x05: { kind: 'pasid-cache', source: num(f.sid), pasid: num(f.ssid) },
    0x06: { kind: 'pasid-cache', source: num(f.sid) },
    0x10: { kind: 'iotlb', domain: vmid },
    0x11: { kind: 'iotlb', domain: vmid, pasid: asid },
    0x12: { kind: 'iotlb', domain: vmid, pasid: asid, range, flags: leaf },
    0x13: { kind: 'iotlb', domain: vmid, range, flags: leaf },
    0x20: { kind: 'iotlb' },
    0x21: { kind: 'iotlb', pasid: asid },
    0x22: { kind: 'iotlb', pasid: asid, range, flags: leaf },
    0x23: { kind: 'iotlb', range, flags: leaf },
    0x28: { kind: 'iotlb', domain: vmid },
    0x2a: { kind: 'iotlb', domain: vmid, range, flags: leaf },
    0x30: { kind: 'iotlb' },
    0x40: {
      kind: 'device-tlb',
      source: num(f.sid),
      pasid: num(f.ssv) === 1 ? num(f.ssid) : undefined,
      range: span(BigInt(f.addr ?? 0), 4096n << BigInt(f.size_log2_4k ?? 0)),
      flags: num(f.global) === 1 ? FLAG.global : 0,
    },
    0x46: { kind: 'barrier' },
  };
  return { ...none, ...rows[opcode] };
}

const AMD: Readonly<Record<string, Partial<Row>>> = {
  amd_completion_wait_store: { kind: 'barrier' },
  amd_completion_wait_int: { kind: 'barrier' },
  amd_inv_devtab: { kind: 'context-cache', source: 0x208 },
  amd_inv_iotlb_64k_devid208_qdep32: { kind: 'device-tlb', source: 0x208, range: '10+10' },
  amd_inv_irt: { kind: 'interrupt-entry-cache', source: 0x208 },
  amd_inv_all: { kind: 'iotlb', domain: undefined, range: undefined, scope: 0 },
};

function expectedAmd(vector: Vector): Partial<Row> {
  const f = vector.fields;
  if (f === undefined) return AMD[vector.id];
  const start = BigInt(f.start);
  return {
    kind: 'iotlb',
    domain: num(f.domid),
    pasid: num(f.gn) === 1 ? num(f.pasid) : undefined,
    range: span(start, BigInt(f.last) - start + 1n),
    flags: num(f.pde) === 0 ? FLAG.leaf : 0,
  };
}

function assertRow(row: Row, expected: Partial<Row>, vector: Vector): void {
  const found = Object.fromEntries(
    Object.keys(expected).map((key) => [key, row[key as keyof Row]]),
  );
  assert.deepEqual(found, expected, vector.id);
  assert.equal(row.raw, vector.hex, `${vector.id}: raw words are kept as they are`);
  const scope = (row.pasid === undefined ? 0 : 1) | (row.range === undefined ? 0 : 2);
  assert.equal(row.scope, scope, `${vector.id}: scope bits`);
}

void test('VT-d: every vector is what its fields encode to, and decodes back to them', () => {
  assert.ok(of('vtd_desc').length >= 30);
  for (const vector of of('vtd_desc')) {
    const fields = vector.fields ?? {};
    assert.equal(hexOf(encodeVtd(fields)), vector.hex, vector.id);
    assertRow(decode(decodeVtd, vector.hex), expectedVtd(fields), vector);
  }
});

void test('VT-d: the 256-bit form decodes as its lower half and keeps all four words', () => {
  for (const vector of of('vtd_desc')) {
    const hex = vector.hex256 ?? '';
    const out = new EventBuilder(1);
    decodeVtd256(out, out.next(0, 0), wordsOf(hex.slice(0, 32)), wordsOf(hex.slice(32)));
    assert.deepEqual(
      { ...rowAt(out, 0), raw: '' },
      { ...decode(decodeVtd, vector.hex), raw: '' },
      vector.id,
    );
    assert.equal(rowAt(out, 0).raw, hex);
  }
});

void test('VT-d: a set bit in the upper half makes a request of unknown form', () => {
  const out = new EventBuilder(1);
  const upper = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 1 };
  decodeVtd256(out, out.next(0, 0), wordsOf('f2000400000000004400faff00000000'), upper);
  const row = rowAt(out, 0);
  assert.deepEqual(
    [row.kind, row.scope, row.domain, row.range],
    ['other', 0, undefined, undefined],
  );
});

void test('SMMUv3: every vector is what its fields encode to, and decodes back to them', () => {
  assert.ok(of('smmuv3_cmd').length >= 24);
  for (const vector of of('smmuv3_cmd')) {
    const fields = vector.fields ?? {};
    assert.equal(hexOf(encodeSmmuv3(fields)), vector.hex, vector.id);
    assertRow(decode(decodeSmmuv3, vector.hex), expectedSmmuv3(fields), vector);
  }
});

void test("SMMUv3: Linux's range splits decode to pieces that touch and cover the range", () => {
  const { cases } = vectors.smmuv3_range_split;
  assert.ok(cases.length > 0);
  for (const { id, iova, size, tg_lg2: granule, leaf, cmds } of cases) {
    let at = BigInt(iova) >> 12n;
    for (const cmd of cmds) {
      const hex = String(cmd.hex_nh_va_asid7);
      const fields = { ...cmd, opcode: 0x12, asid: 7, leaf };
      assert.equal(hexOf(encodeSmmuv3(fields)), hex, id);
      const row = decode(decodeSmmuv3, hex);
      const [first, pages] = (row.range ?? '').split('+').map((part) => BigInt(`0x${part}`));
      assert.equal(first, at, id);
      assert.equal(row.pasid, 7);
      at += pages;
    }
    const granules = at - (BigInt(iova) >> 12n) - (BigInt(size) >> 12n);
    // A non-leaf range may be one granule too long (spec 7.3), never too short.
    assert.ok(granules === 0n || (leaf === 0 && granules === 1n << BigInt(granule - 12)), id);
  }
});

void test('AMD-Vi: every vector decodes to its fields, and page commands encode back', () => {
  assert.ok(of('amd_cmd').length >= 11);
  for (const vector of of('amd_cmd')) {
    if (vector.fields !== undefined)
      assert.equal(hexOf(encodeAmdPages(vector.fields)), vector.hex, vector.id);
    assertRow(decode(decodeAmdvi, vector.hex), expectedAmd(vector), vector);
  }
});

void test('the trailing-ones rule gives the same ranges for VT-d device-TLB and AMD-Vi pages', () => {
  for (const { addr_field: field, s, base, bytes } of vectors.trailing_ones_decode.cases) {
    const expected = span(BigInt(base), BigInt(bytes));
    const address = BigInt(field);
    const vtd = decode(decodeVtd, hexOf([0x100_0000_0003n, address | BigInt(s)]));
    const amd = decode(decodeAmdvi, hexOf([0x3000_0005_0000_0000n, address | BigInt(s)]));
    assert.deepEqual([vtd.range, amd.range], [expected, expected], field);
  }
});

void test('virtio-iommu: UNMAP is an unmap of its inclusive range; DETACH and MAP are kept raw as other', () => {
  const rows = vectors.encodings
    .filter((vector) => vector.id.startsWith('virtio_'))
    .map((vector) => {
      const out = new EventBuilder(1);
      const bytes = Buffer.from(vector.hex, 'hex');
      decodeVirtioIommu(out, out.next(0, 0), bytes);
      const row = rowAt(out, 0);
      assert.equal(row.raw, vector.hex.slice(0, 64), vector.id);
      return [vector.id, row.kind, row.domain, row.range];
    });
  assert.deepEqual(rows, [
    ['virtio_unmap', 'unmap', 7, '1+2'],
    ['virtio_detach', 'other', undefined, undefined],
    ['virtio_map', 'other', undefined, undefined],
  ]);
});

void test('any words at all decode to a row that keeps them and restricts only by what it holds', () => {
  const word = fc.nat(0xffffffff);
  fc.assert(
    fc.property(word, word, word, word, (q0lo, q0hi, q1lo, q1hi) => {
      for (const decoder of [decodeVtd, decodeSmmuv3, decodeAmdvi]) {
        const out = new EventBuilder(1);
        decoder(out, out.next(0, 0), { q0lo, q0hi, q1lo, q1hi });
        const row = rowAt(out, 0);
        assert.equal(row.raw.length, 32);
        assert.equal((row.scope & 1) !== 0, row.pasid !== undefined);
        assert.equal((row.scope & 2) !== 0, row.range !== undefined);
        if (row.range !== undefined)
          assert.ok(out.pages[0] >= 1 && out.page[0] + out.pages[0] <= 2 ** 52);
      }
    }),
    { numRuns: 2000 },
  );
});

void test('a reserved bit in any SMMUv3 or AMD-Vi command makes it other, with its words kept', () => {
  const reserved: readonly (readonly [Decoder, string])[] = [
    [decodeSmmuv3, hexOf([0x0007_0000_0000_0412n, 0x1000n])], // SSec
    [decodeSmmuv3, hexOf([0x0007_0000_0000_0012n, 0x1400n])], // TG without any range field
    [decodeSmmuv3, hexOf([0x0007_0000_0000_1012n, 0x1000n])], // NUM without TG
    [decodeSmmuv3, hexOf([0x40n, 53n])], // ATC size above everything
    [decodeSmmuv3, hexOf([0x99n, 0n])], // opcode not known
    [decodeAmdvi, hexOf([0x3000_0005_0010_0000n, 0x1000n])],
    [decodeAmdvi, hexOf([0x9000_0000_0000_0000n, 0n])],
  ];
  for (const [decoder, hex] of reserved) {
    const row = decode(decoder, hex);
    assert.deepEqual([row.kind, row.scope, row.raw], ['other', 0, hex], hex);
  }
});
