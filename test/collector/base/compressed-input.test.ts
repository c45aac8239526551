// Compressed and encoded inputs: damage is told, whatever bit it is in; what follows is told apart from it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';

import * as fc from 'fast-check';

import { ToolError, zstd } from '../../../collector/base/index.ts';
import { Xxh64 } from '../../../collector/base/xxh64.ts';
import { readContent } from '../../support/read-source.ts';
import { checksummedZstd, slowXxh64 } from '../../support/zstd-checksum.ts';

const line = (i: number): string =>
  `7@5.${String(i).padStart(6, '0')}:virtio_iommu_unmap domain=4 virt_start=0x${(i * 4096).toString(16)} virt_end=0x${(i * 4096 + 4095).toString(16)}\n`;
const TEXT = Buffer.from(Array.from({ length: 60 }, (_, i) => line(i)).join(''));
const ROWS = 120;

void test('XXH64 agrees with a slow one for every length and cut', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(300), (bytes, cut) => {
      const hash = new Xxh64();
      hash.update(bytes.subarray(0, cut));
      hash.update(bytes.subarray(cut));
      assert.equal(hash.low32(), slowXxh64(bytes));
    }),
  );
});

for (const [form, pack] of [
  ['zstd with a checksum', checksummedZstd],
  ['gzip', (bytes: Uint8Array): Buffer => gzipSync(bytes)],
] as const) {
  void test(`${form}: no flipped bit imports as something else`, async () => {
    const packed = pack(TEXT);
    const intact = await readContent(packed);
    assert.equal(intact.rows.length, ROWS);
    let refused = 0;
    for (let bit = 0; bit < packed.length * 8; bit += 7) {
      const bytes = Buffer.from(packed);
      bytes[bit >> 3] ^= 1 << (bit & 7);
      try {
        const run = await readContent(bytes);
        assert.deepEqual(run.rows, intact.rows, `bit ${bit}`);
      } catch (error) {
        assert.ok(error instanceof ToolError, `bit ${bit}: ${String(error)}`);
        refused++;
      }
    }
    assert.ok(refused > (packed.length * 8) / 7 / 2, `${refused} refused`);
  });

  void test(`${form}: bytes after the end are a warning, and the content is whole`, async () => {
    const run = await readContent(Buffer.concat([pack(TEXT), Buffer.from('left over\n')]));
    assert.equal(run.rows.length, ROWS);
    assert.match(run.warnings.join(), /10 bytes follow the end/);
  });

  void test(`${form}: a cut input can be salvaged, however short it is`, async () => {
    const half = TEXT.indexOf(10, TEXT.length / 2) + 1;
    const packed = Buffer.concat([pack(TEXT.subarray(0, half)), pack(TEXT.subarray(half))]);
    for (const part of [0.6, 0.9, 0.99]) {
      const cut = packed.subarray(0, Math.floor(packed.length * part));
      await assert.rejects(readContent(cut), ToolError);
      const run = await readContent(cut, undefined, { salvage: true });
      assert.ok(run.damage instanceof ToolError);
      assert.ok(run.rows.length >= ROWS / 2 && run.rows.length <= ROWS);
    }
  });
}

void test('compressions inside one another, and several members, are read', async () => {
  const twice = gzipSync(gzipSync(TEXT));
  const mixed = Buffer.from(zstd(gzipSync(TEXT)));
  const half = TEXT.indexOf(10, TEXT.length / 2) + 1;
  const members = Buffer.concat([gzipSync(TEXT.subarray(0, half)), gzipSync(TEXT.subarray(half))]);
  for (const bytes of [twice, mixed, members])
    assert.equal((await readContent(bytes)).rows.length, ROWS);
});

void test('UTF-16 of either order is read, with and without a byte-order mark', async () => {
  const little = Buffer.from(TEXT.toString('latin1'), 'utf16le');
  const big = Buffer.from(little).swap16();
  const [littleMark, bigMark] = [Buffer.from([0xff, 0xfe]), Buffer.from([0xfe, 0xff])];
  for (const bytes of [
    little,
    big,
    Buffer.concat([littleMark, little]),
    Buffer.concat([bigMark, big]),
    gzipSync(Buffer.concat([littleMark, little])),
  ])
    assert.equal((await readContent(bytes)).rows.length, ROWS);
});

void test('a compression that is not read is named, with the command that unpacks it', async () => {
  for (const [magic, name] of [
    ['fd377a585a0000', /xz -dc/],
    ['425a6839314159', /bzip2 -dc/],
    ['04224d1864400f', /lz4 -dc/],
    ['504b0304140000', /unzip -p/],
  ] as const) {
    await assert.rejects(
      readContent(Buffer.from(`${magic}${'11'.repeat(40)}`, 'hex')),
      (error) => error instanceof ToolError && name.test(error.hint ?? ''),
    );
  }
});
