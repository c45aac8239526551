// zstd with bounds: windows above the limit are refused before anything is allocated for them.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToolError, unzstd } from '../../../collector/base/index.ts';
import { ZstdStream } from '../../../collector/base/zstd-stream.ts';
import { readContent } from '../../support/read-source.ts';
import { zstdStub } from '../../support/zstd-stub.ts';

const LINE = '7@5.000001:virtio_iommu_unmap domain=4 virt_start=0x1000 virt_end=0x1fff\n';

void test('a frame with a window above 32 MiB is refused, wherever in the stream it stands', async () => {
  const good = zstdStub(Buffer.from(LINE));
  const hostile = zstdStub(Buffer.from(LINE), 27);
  assert.equal((await readContent(good)).rows.length, 2);
  assert.equal((await readContent(Buffer.concat([good, good]))).rows.length, 4);
  for (const input of [hostile, Buffer.concat([good, hostile])]) {
    await assert.rejects(
      readContent(input),
      (error) =>
        error instanceof ToolError &&
        error.code === 'E_NOT_SUPPORTED' &&
        /window/.test(error.message),
    );
  }
});

void test('the stream sees the same however the stream is cut into chunks', () => {
  const hostile = Buffer.concat([
    zstdStub(Buffer.alloc(300_000, 7)),
    zstdStub(Buffer.alloc(10), 26),
  ]);
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 50 }),
      (sizes) => {
        const stream = new ZstdStream('x', () => undefined);
        assert.throws(() => {
          let at = 0;
          for (const size of [...sizes, hostile.length]) {
            stream.push(hostile.subarray(at, at + size));
            at += size;
          }
        }, ToolError);
      },
    ),
  );
});

void test('a chunk that unpacks to another length than it says is damage', () => {
  const packed = zstdStub(Buffer.from('abcdef'));
  assert.equal(Buffer.from(unzstd(packed, 6, 'x')).toString(), 'abcdef');
  for (const length of [5, 7]) assert.throws(() => unzstd(packed, length, 'x'), ToolError);
});
