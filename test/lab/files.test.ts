// The files the lab makes and cuts: archives, the ACPI table, patched sources, stretches of a log.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { ToolError } from '../../collector/base/index.ts';
import { cpio } from './cpio.ts';
import { upgradeIort } from './iort.ts';
import { lostOptions, newestSource } from './kernel-build.ts';
import { PATCHES, patchText } from './kernel-patch.ts';
import { wholeIntervals } from './make-recording.ts';
import { qemuVersion } from './qemu-binary.ts';
import { stretches } from './qemu-log.ts';
import { middle } from './scenarios/replay.ts';

void test('cpio: every member and the trailer begin on a multiple of four', () => {
  const bytes = Buffer.from(
    cpio([
      { kind: 'folder', path: 'bin' },
      { kind: 'file', path: 'bin/a', bytes: Buffer.from('12345'), executable: true },
      { kind: 'link', path: 'b', target: 'bin/a' },
    ]),
  );
  const starts: number[] = [];
  for (let at = bytes.indexOf('070701'); at >= 0; at = bytes.indexOf('070701', at + 1))
    starts.push(at);
  assert.equal(starts.length, 4);
  assert.ok(starts.every((at) => at % 4 === 0));
});

void test('cpio: the tool of that name lists what was put in', (t) => {
  const listed = spawnSync('cpio', ['-t', '--quiet'], {
    input: cpio([{ kind: 'file', path: 'init', bytes: Buffer.from('x') }]),
  });
  if (listed.error !== undefined) {
    t.skip('cpio is not installed');
    return;
  }
  assert.equal(listed.stdout.toString(), 'init\n');
});

/** An IORT of one ITS group and one root complex, as short as they can be. */
function iort(): Buffer {
  const table = Buffer.alloc(48 + 24 + 40);
  table.write('IORT');
  table.writeUInt32LE(table.length, 4);
  table.writeUInt32LE(1, 24);
  table.writeUInt32LE(2, 36);
  table.writeUInt32LE(48, 40);
  table.writeUInt8(0, 48);
  table.writeUInt16LE(24, 49);
  table.writeUInt8(2, 72);
  table.writeUInt16LE(40, 73);
  table.writeUInt8(3, 72 + 23);
  return table;
}

void test('iort: only the root complex changes, the revision rises and the sum is zero', () => {
  const upgraded = upgradeIort(iort());
  assert.equal(upgraded[72 + 23], 7);
  assert.equal(upgraded[24], 2);
  assert.equal(upgraded.reduce((sum, byte) => sum + byte, 0) & 0xff, 0);
  const changed = [...upgraded].flatMap((byte, at) => (byte === iort()[at] ? [] : [at]));
  assert.deepEqual(changed, [9, 24, 72 + 23]);
});

void test('iort: a cut table is refused', () => {
  assert.throws(() => upgradeIort(iort().subarray(0, 60)), ToolError);
});

void test('kernel: an anchor that is missing or stands twice is refused with its text', () => {
  const patch = { file: 'a.c', why: '', edits: [{ anchor: 'x\n', after: 'y\n' }] };
  assert.equal(patchText('a\nx\nb\n', patch), 'a\nx\ny\nb\n');
  assert.throws(() => patchText('a\n', patch), ToolError);
  assert.throws(() => patchText('x\nx\n', patch), ToolError);
});

void test('kernel: every patch says why', () => {
  for (const patch of Object.values(PATCHES).flat())
    assert.ok(patch.why.length > 20 && patch.edits.length > 0);
});

void test('kernel: the newest source of the series is taken', () => {
  const names = [
    'linux-source-6.12',
    'linux-source-7.2',
    'linux-source-7.10',
    'linux-source-7.3',
    'linux-source',
  ];
  assert.equal(newestSource(names), 'linux-source-7.10');
  assert.equal(newestSource(['linux-source-7.2']), undefined);
});

void test('kernel: options that a configuration lost are named', () => {
  assert.deepEqual(
    lostOptions('# a\nCONFIG_A=y\nCONFIG_B=y\n', 'CONFIG_A=y\n# CONFIG_B is not set\n'),
    ['CONFIG_B=y'],
  );
});

void test('qemu: its version is read from what it says', () => {
  assert.equal(qemuVersion('QEMU emulator version 10.0.2 (Debian 1:10.0.2)\nCopyright'), '10.0.2');
  assert.equal(qemuVersion('something else'), undefined);
});

void test('qemu log: lines between two marks belong to the first, and other writes are no marks', () => {
  const line = (text: string): string => `1@1700000000.000000:${text}`;
  const log = [
    'before',
    line('pci_cfg_write pci-testdev 00:1e.0 @0x3c <- 0xa'),
    line('vtd_inv_qi_tail write tail 2'),
    line('pci_cfg_write edu 00:03.0 @0x3c <- 0xb'),
    line('pci_cfg_write pci-testdev 00:1e.0 @0x3c <- 0xb'),
  ].join('\n');
  const found = stretches(log);
  assert.deepEqual([...found.keys()], [10, 11]);
  assert.match(found.get(10) ?? '', /write tail 2/);
});

void test('replay: set-up and tear-down are cut off, the wait of the last row is not', () => {
  const row = (page: number | undefined) =>
    ({ kind: 'iotlb', flags: 0, ...(page === undefined ? {} : { page }) }) as const;
  const barrier = { kind: 'barrier', flags: 0 } as const;
  const seen = [
    row(undefined),
    barrier,
    row(1),
    barrier,
    row(undefined),
    row(2),
    barrier,
    barrier,
    row(undefined),
  ];
  const found = middle(seen, (each) => each.kind === 'iotlb' && 'page' in each);
  assert.deepEqual(found, {
    before: seen.slice(0, 2),
    rows: seen.slice(2, 7),
    after: seen.slice(7),
  });
});

void test('recording: a stretch ends with a barrier and holds no configuration accesses', () => {
  const lines = [
    'pci_cfg_write nvme 00:06.0 @0x4 <- 0x103',
    'vtd_inv_desc invalidate desc type p-iotlb high 0x0 low 0x0',
    'vtd_inv_desc invalidate desc type wait high 0x0 low 0x0',
    'vtd_inv_desc invalidate desc type p-iotlb high 0x0 low 0x0',
    'vtd_inv_desc invalidate desc type wait high 0x0 low 0x0',
  ];
  assert.deepEqual(wholeIntervals(lines, 3), lines.slice(1, 3));
  assert.deepEqual(wholeIntervals(lines, 4), lines.slice(1));
  assert.deepEqual(wholeIntervals(lines.slice(0, 2)), []);
});
