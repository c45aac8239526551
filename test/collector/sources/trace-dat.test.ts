// trace.dat, versions 6 and 7, plain and zstd: the same events in all, and damage that is told.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import * as fc from 'fast-check';

import { ToolError } from '../../../collector/base/index.ts';
import { capture } from '../../support/fixtures.ts';
import { kindsOf, readContent, readSource } from '../../support/read-source.ts';
import { qiSubmitData, ringPage } from '../../support/ring-pages.ts';
import { asTraceDat } from '../../support/trace-dat.ts';

void test('versions 6, 7 and 7 with zstd of one recording give the same rows, 10 descriptors and 5 unmaps', async () => {
  const [v6, v7, zstd] = await Promise.all(
    ['small.v6.dat', 'small.v7.dat', 'small.v7-zstd.dat'].map((name) => readSource(capture(name))),
  );
  assert.deepEqual(kindsOf(v6.rows), { iotlb: 10, barrier: 10, unmap: 5 });
  assert.deepEqual(v7.rows, v6.rows);
  assert.deepEqual(zstd.rows, v6.rows);
  for (const run of [v6, v7, zstd]) {
    assert.equal(run.source, 'trace-cmd');
    assert.equal(run.facts.clock.name, 'local');
    assert.equal(run.facts.clock.start_ns, v6.facts.clock.start_ns);
    assert.match(run.facts.kernel ?? '', /7\.2\.13/);
    assert.equal(run.losses.skipped, 17);
  }
});

void test("overruns in trace-cmd's per-CPU statistics are counted", async () => {
  const file = readFileSync(capture('small.v6.dat'));
  const at = file.indexOf('overrun: 0');
  assert.ok(at > 0);
  file.write('overrun: 9', at, 'latin1');
  const { losses } = await readContent(file);
  assert.deepEqual(
    losses.details.map((loss) => [loss.unit, loss.lost]),
    [['cpu', 9]],
  );
});

void test('an unknown version, another compression and another kind of data are refused with what to do', async () => {
  const file = readFileSync(capture('small.v6.dat'));
  const other = Buffer.from(file);
  other.write('9', 10, 'latin1');
  await assert.rejects(
    readContent(other),
    (error) => error instanceof ToolError && /version 9/.test(error.message),
  );
  const zlib = readFileSync(capture('small.v7-zstd.dat'));
  zlib.write('zlib', zlib.indexOf('zstd'), 'latin1');
  await assert.rejects(
    readContent(zlib),
    (error) =>
      error instanceof ToolError &&
      error.code === 'E_NOT_SUPPORTED' &&
      /convert/.test(error.hint ?? ''),
  );
});

void test('cuts and flips give rows or a ToolError, never a crash', async () => {
  for (const name of ['small.v6.dat', 'small.v7.dat', 'small.v7-zstd.dat']) {
    const file = readFileSync(capture(name));
    const survives = async (bytes: Buffer): Promise<void> => {
      try {
        const { rows } = await readContent(bytes, 'trace-cmd');
        assert.ok(rows.length < 1000);
      } catch (error) {
        assert.ok(
          error instanceof ToolError,
          `${name}: ${String(error instanceof Error ? error.stack : error)}`,
        );
      }
    };
    await fc.assert(
      fc.asyncProperty(fc.nat(file.length), (length) => survives(file.subarray(0, length))),
      {
        numRuns: 40,
      },
    );
    const place = fc.oneof(fc.nat(700), fc.nat(file.length - 1));
    await fc.assert(
      fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const bytes = Buffer.from(file);
        bytes[at] ^= flip;
        return survives(bytes);
      }),
      { numRuns: 120 },
    );
  }
});

void test('a big-endian trace.dat gives the same rows as a little-endian one, words little-endian in both', async () => {
  const QI_ID = 1036; // of the vtd-fs-perf samples, whose format file is inside
  const file = (little: boolean): Buffer => {
    const page = (cpu: number): Buffer => {
      const events = [1n, 2n, 3n].map((address) => ({
        delta: 1000 + cpu,
        data: qiSubmitData(QI_ID, [0x400f2n, address << 12n, 0n, 0n], { little }),
      }));
      return ringPage(events, { little, timeNs: 5_000_000_000n + BigInt(cpu) });
    };
    return asTraceDat([page(0), page(1)], little);
  };
  const little = await readContent(file(true));
  const big = await readContent(file(false));
  assert.deepEqual(kindsOf(little.rows), { iotlb: 6, barrier: 6 });
  assert.deepEqual(big.rows, little.rows);
  assert.equal(big.facts.clock.start_ns, little.facts.clock.start_ns);
});
