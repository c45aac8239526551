// Two views of one real stream against each other: QEMU's log and the guest's own trace.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

import {
  compareRecordings,
  type AgainstReport,
} from '../../../collector/against/compare-recordings.ts';
import { ToolError } from '../../../collector/base/index.ts';
import { capture, fixture } from '../../support/fixtures.ts';
import { importFile } from '../../support/import-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'iotlb-test-'));
after(() => rmSync(folder, { recursive: true }));

const recording = (from: string, name: string): Promise<string> =>
  importFile(from, join(folder, `${name}.arrow`));

const compare = async (here: string, there: string, name: string): Promise<AgainstReport> =>
  compareRecordings(await recording(here, `${name}-a`), await recording(there, `${name}-b`));

void test("QEMU's log and the guest's trace agree while both were on, barriers too", async () => {
  for (const name of ['vtd-legacy', 'vtd-sm']) {
    const report = await compare(capture(`${name}.qemu.log`), capture(`${name}.ftrace.txt`), name);
    assert.equal(report.matched, report.there.compared, name);
    assert.deepEqual([report.onlyHere.inside, report.onlyThere.inside], [0, 0], name);
    assert.ok(report.onlyHere.total > 0, 'the log began before the trace');
    // The last wait of the log comes after the last match; the implied one is at it.
    assert.equal(report.there.barriersInside - report.here.barriersInside, 1, name);
    const { p1, p99 } = report.offset?.spreadNs ?? { p1: Number.NaN, p99: Number.NaN };
    assert.ok(p99 - p1 < 1e6, 'clocks stay within a millisecond');
  }
});

void test('a disagreement is found and placed: QEMU 10.0 does not trace PASID-cache descriptors', async () => {
  const report = await compare(
    capture('host-vtd-nested.qemu.log'),
    capture('host-vtd-nested.ftrace.txt'),
    'nested',
  );
  assert.equal(report.matched, 61);
  assert.equal(report.onlyThere.total, 2);
  assert.equal(report.onlyThere.inside, 1);
  assert.equal(report.onlyThere.places.length, 1);
});

void test('raw pages and the text of the same buffer agree event for event, to half a microsecond', async () => {
  const report = await compare(
    fixture('vtd-fs-perf'),
    fixture('vtd-fs-perf/guest-ftrace.txt.zst'),
    'raw',
  );
  assert.deepEqual([report.matched, report.onlyHere.total, report.onlyThere.total], [1672, 0, 0]);
  const { min, max } = report.offset?.spreadNs ?? { min: Number.NaN, max: Number.NaN };
  assert.ok(max - min <= 1000);
});

void test('losses inside a view are counted where they are', async () => {
  const text = readFileSync(capture('vtd-sm.ftrace.txt'), 'latin1');
  const lines = text.split('\n');
  const submits = lines.flatMap((line, i) => (line.includes(' qi_submit: ') ? [i] : []));
  const lost = new Set(submits.slice(50, 60));
  const file = join(folder, 'lossy.txt');
  writeFileSync(file, lines.filter((_, i) => !lost.has(i)).join('\n'));
  const report = await compare(capture('vtd-sm.ftrace.txt'), file, 'lossy');
  assert.deepEqual([report.onlyHere.inside, report.onlyThere.total], [10, 0]);
});

void test('recordings without a kind in common are refused, naming what each holds', async () => {
  await assert.rejects(
    compare(capture('smmuv3.qemu.log'), capture('smmuv3.ftrace.txt'), 'smmu'),
    (error) =>
      error instanceof ToolError && error.code === 'E_MISMATCH' && /unmap/.test(error.message),
  );
});
