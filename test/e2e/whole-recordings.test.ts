// The whole recordings of real guests, counted line by line beside the parsers, and held against each other.
// Too large to ship: IOTLB_TRACES names the folder that holds them; without it these tests skip.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { decompress } from 'fzstd';

import {
  compareRecordings,
  type AgainstReport,
} from '../../collector/against/compare-recordings.ts';
import { folderFor } from '../support/cli.ts';
import { importFile } from '../support/import-file.ts';
import { kindsOf, readSource } from '../support/read-source.ts';

const FOLDER = process.env.IOTLB_TRACES;
const path = (name: string): string => join(FOLDER ?? '', name);

function whole(name: string, what: string, run: (t: TestContext) => Promise<void>): void {
  const isThere = FOLDER !== undefined && existsSync(path(name));
  const skip = isThere ? false : `IOTLB_TRACES names no folder with ${name}`;
  void test(`${name}: ${what}`, { skip }, run);
}

const textOf = (name: string): string =>
  Buffer.from(decompress(readFileSync(path(name)))).toString('latin1');
const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

const recording = (t: TestContext, name: string): Promise<string> =>
  importFile(path(name), join(folderFor(t), 'recording.arrow'));

const compare = async (t: TestContext, here: string, there: string): Promise<AgainstReport> =>
  compareRecordings(await recording(t, here), await recording(t, there));

whole('smmuv3-strict.qemu.log.zst', 'one row a command, and all printed pages', async () => {
  const text = textOf('smmuv3-strict.qemu.log.zst');
  const { rows, losses } = await readSource(path('smmuv3-strict.qemu.log.zst'));
  const kinds = kindsOf(rows);
  assert.equal(rows.length, count(text, /:smmuv3_cmdq_opcode /g));
  assert.equal(kinds.barrier, count(text, /<--- SMMU_CMD_SYNC/g));
  assert.equal(kinds.iotlb, count(text, /<--- SMMU_CMD_TLBI_/g));
  assert.equal(losses.lost, 0);
  let printed = 0;
  for (const [, pages] of text.matchAll(/range_inval .* num_pages=0x([0-9a-f]+)/g))
    printed += Number.parseInt(pages, 16);
  const kept = rows.reduce(
    (sum, row) => sum + Number.parseInt(row.range?.split('+')[1] ?? '0', 16),
    0,
  );
  assert.equal(kept, printed);
});

whole('virtio-iommu-strict.qemu.log.zst', 'one unmap and one barrier a request', async () => {
  const text = textOf('virtio-iommu-strict.qemu.log.zst');
  const requests = count(text, /:virtio_iommu_unmap /g);
  const { rows } = await readSource(path('virtio-iommu-strict.qemu.log.zst'));
  assert.deepEqual(kindsOf(rows), { unmap: requests, barrier: requests });
});

for (const name of ['vtd-fs-strict', 'vtd-legacy-strict', 'vtd-fs-lazy']) {
  whole(
    `${name}.guest-ftrace.txt.zst`,
    "every event of the guest's trace is in QEMU's log, barriers too",
    async (t) => {
      const report = await compare(t, `${name}.qemu.log.zst`, `${name}.guest-ftrace.txt.zst`);
      assert.equal(
        report.there.compared,
        count(textOf(`${name}.guest-ftrace.txt.zst`), / qi_submit: /g),
      );
      assert.equal(report.matched, report.there.compared);
      assert.equal(report.onlyHere.inside, 0);
      // The last wait comes after the last match, and one pair of flushes looks like one (lazy mode).
      assert.ok(Math.abs(report.there.barriersInside - report.here.barriersInside) <= 1);
    },
  );
}

for (const name of ['trace.dat', 'perf.data.zst', '']) {
  whole(join('vtd-fs-perf', name), "every event is in QEMU's log of the time", async (t) => {
    const report = await compare(t, 'vtd-fs-perf/qemu.log.zst', join('vtd-fs-perf', name));
    assert.equal(report.matched, report.there.compared);
    assert.equal(report.onlyHere.inside, 0);
    assert.equal(
      report.there.compared,
      { 'trace.dat': 10_859, 'perf.data.zst': 19_142, '': 1672 }[name],
    );
  });
}
