// QEMU's log backend: what each event family makes of real logs, counted independently of the parsers.

import { FLAG } from '../../../collector/model/index.ts';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import { ToolError } from '../../../collector/base/index.ts';
import { capture } from '../../support/fixtures.ts';
import { kindsOf, readContent, readSource } from '../../support/read-source.ts';

const text = (name: string): string => readFileSync(capture(name), 'latin1');
const countOf = (log: string, pattern: RegExp): number => [...log.matchAll(pattern)].length;

const SMMU = [
  '9@100.000000:smmuv3_cmdq_consume prod=2 cons=0 prod.wrap=0 cons.wrap=0',
  '9@100.000001:smmuv3_cmdq_opcode <--- SMMU_CMD_TLBI_NH_VA',
  '9@100.000002:smmuv3_range_inval vmid=0 asid=2 addr=0xfffa0000 tg=1 num_pages=0x8 ttl=3 leaf=1 stage=1',
  '9@100.000003:smmuv3_range_inval vmid=0 asid=2 addr=0xfffa8000 tg=1 num_pages=0x4 ttl=3 leaf=1 stage=1',
  '9@100.000004:smmuv3_cmdq_consume prod=2 cons=1 prod.wrap=0 cons.wrap=0',
  '9@100.000005:smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC',
  '9@100.000006:smmuv3_cmdq_consume_out prod:2, cons:2, prod_wrap:0, cons_wrap:0 ',
];
const asLog = (lines: readonly string[]): string => `${lines.join('\n')}\n`;

void test('a VT-d log gives one row a descriptor, by the names that QEMU prints', async () => {
  for (const name of ['vtd-legacy.qemu.log', 'vtd-sm.qemu.log', 'host-vtd-nested.qemu.log']) {
    const log = text(name);
    const { rows } = await readSource(capture(name));
    assert.equal(rows.length, countOf(log, /:vtd_inv_desc /g), name);
    const kinds = kindsOf(rows);
    assert.equal(kinds.barrier, countOf(log, /desc type wait /g), name);
    assert.equal(kinds.iotlb, countOf(log, /desc type (?:p-)?iotlb /g), name);
    assert.equal(kinds['interrupt-entry-cache'] ?? 0, countOf(log, /desc type iec /g), name);
    assert.equal(kinds['device-tlb'] ?? 0, countOf(log, /desc type device /g), name);
  }
});

void test('an SMMUv3 log gives one row a command, in the kinds of their names', async () => {
  for (const name of ['smmuv3.qemu.log', 'host-smmu-nested.qemu.log']) {
    const log = text(name);
    const { rows, facts, losses } = await readSource(capture(name));
    const kinds = kindsOf(rows);
    assert.equal(rows.length, countOf(log, /smmuv3_cmdq_opcode/g), name);
    assert.equal(kinds.iotlb, countOf(log, /<--- SMMU_CMD_TLBI_/g), name);
    assert.equal(kinds.barrier, countOf(log, /<--- SMMU_CMD_SYNC/g), name);
    assert.equal(kinds['context-cache'], countOf(log, /<--- SMMU_CMD_CFGI_STE/g), name);
    assert.equal(kinds['pasid-cache'], countOf(log, /<--- SMMU_CMD_CFGI_CD/g), name);
    assert.equal(losses.lost, 0);
    assert.equal(facts.barriers, 'seen');
    assert.deepEqual(facts.streams, [
      { index: 0, vm: 0, viommu: 0, queue: 0, name: 'smmuv3 command queue' },
    ]);
    assert.ok(rows.every((row) => row.raw === ''));
  }
});

void test('an SMMUv3 range is whole however many pieces QEMU prints: pages and pieces add up', async () => {
  for (const name of ['smmuv3.qemu.log', 'host-smmu-nested.qemu.log']) {
    let printed = 0;
    for (const piece of text(name).matchAll(/range_inval .* tg=[01] num_pages=0x([0-9a-f]+)/g)) {
      printed += Number.parseInt(piece[1], 16);
    }
    const { rows } = await readSource(capture(name));
    const kept = rows.reduce(
      (sum, row) => sum + Number.parseInt(row.range?.split('+')[1] ?? '0', 16),
      0,
    );
    assert.equal(kept, printed, name);
  }
});

void test('SMMUv3: ASID goes to pasid, VMID to domain, pieces join, CMD_SYNC is the barrier', async () => {
  const { rows, losses } = await readContent(asLog(SMMU));
  assert.equal(losses.lost, 0);
  assert.equal(rows.length, 2);
  const [va, sync] = rows;
  assert.deepEqual(
    [va.kind, va.domain, va.pasid, va.range, va.scope, va.flags, va.submission, va.t],
    ['iotlb', 0, 2, 'fffa0+c', 3, 2, 1, 0],
  );
  assert.deepEqual([sync.kind, sync.submission, sync.t], ['barrier', 1, 4000]);
});

void test('SMMUv3: granules other than 4 KiB count in 4 KiB pages, and ASID -1 restricts nothing', async () => {
  const { rows } = await readContent(
    asLog([
      '9@100.000001:smmuv3_cmdq_opcode <--- SMMU_CMD_TLBI_NH_VAA',
      '9@100.000002:smmuv3_range_inval vmid=1 asid=-1 addr=0x10000000 tg=3 num_pages=0x200 ttl=0 leaf=0 stage=1',
    ]),
  );
  assert.deepEqual(
    [rows[0].domain, rows[0].pasid, rows[0].range, rows[0].scope, rows[0].flags],
    [1, undefined, '10000+2000', 2, FLAG.granule64k],
  );
});

void test('SMMUv3: a damaged piece loses its command, never narrows it', async () => {
  const lines = SMMU.with(
    3,
    '9@100.000003:smmuv3_range_inval vmid=0 asid=2 addr=0xfffa8000 tg=1 num_p',
  );
  const { rows, losses } = await readContent(asLog(lines));
  assert.deepEqual(
    rows.map((row) => row.kind),
    ['barrier'],
  );
  assert.deepEqual(losses.tally(), { seen: 2, kept: 1, lost: 1, skipped: 0 });
  assert.equal(losses.details[0].at, 4);
});

void test('SMMUv3: a log cut inside a command counts it as lost', async () => {
  const { rows, losses } = await readContent(SMMU.slice(0, 4).join('\n').slice(0, -70));
  assert.equal(rows.length, 0);
  assert.equal(losses.lost, 1);
});

void test('SMMUv3: a ranged command without its range is lost, not widened', async () => {
  const { rows, losses } = await readContent(asLog([SMMU[1], SMMU[5]]));
  assert.deepEqual(
    rows.map((row) => row.kind),
    ['barrier'],
  );
  assert.deepEqual(
    losses.details.map((loss) => [loss.at, loss.reason]),
    [[1, 'command without its range']],
  );
});

void test('virtio-iommu: one request is one unmap and one implied barrier; done, map, translate lines are not rows', async () => {
  const log = text('virtio-iommu.qemu.log');
  const { rows, facts } = await readSource(capture('virtio-iommu.qemu.log'));
  const requests = countOf(log, /:virtio_iommu_unmap /g);
  assert.deepEqual(kindsOf(rows), { unmap: requests, barrier: requests });
  assert.equal(facts.barriers, 'implied');
  assert.match(facts.barrierRule ?? '', /unmap_done/);
  rows.forEach((row, i) => assert.equal(row.kind, i % 2 === 0 ? 'unmap' : 'barrier'));
});

void test('virtio-iommu: the inclusive end becomes a length, and the barrier waits for the last unmap_done', async () => {
  const { rows } = await readContent(
    asLog([
      '7@5.000001:virtio_iommu_unmap domain=4 virt_start=0xfffa0000 virt_end=0xfffa7fff',
      '7@5.000002:virtio_iommu_unmap_done domain=4 virt_start=0xfffa0000 virt_end=0xfffa3fff',
      '7@5.000009:virtio_iommu_unmap_done domain=4 virt_start=0xfffa4000 virt_end=0xfffa7fff',
      '7@5.000020:virtio_iommu_unmap domain=3 virt_start=0x0 virt_end=0xffffffffffffffff',
    ]),
  );
  assert.deepEqual(
    rows.map((row) => [row.kind, row.t, row.domain, row.range]),
    [
      ['unmap', 0, 4, 'fffa0+8'],
      ['barrier', 8000, undefined, undefined],
      ['unmap', 19_000, 3, 'all'],
      ['barrier', 19_000, undefined, undefined],
    ],
  );
});

void test('AMD-Vi: a page invalidation shows no address, so it is its whole domain', async () => {
  const { rows, facts } = await readContent(
    asLog([
      '7@5.000001:amdvi_command_exec command buffer head at 0x0 command buffer tail at 0x20 command buffer base at 0x1000',
      '7@5.000002:amdvi_pages_inval AMD-Vi pages for domain 0x5 invalidated',
      '7@5.000003:amdvi_command_exec command buffer head at 0x10 command buffer tail at 0x20 command buffer base at 0x1000',
      '7@5.000004:amdvi_completion_wait completion wait requested with store address 0x1000 and store data 0x1',
      '7@5.000005:amdvi_command_exec command buffer head at 0x20 command buffer tail at 0x60 command buffer base at 0x1000',
      '7@5.000006:amdvi_devtab_inval device table entry for devid: 02:01.3 invalidated',
      '7@5.000007:amdvi_all_inval Invalidation of all AMD-Vi cache requested ',
      '7@5.000008:amdvi_iotlb_inval IOTLB pages invalidated',
      '7@5.000009:amdvi_intr_inval Interrupt table invalidated',
    ]),
  );
  assert.deepEqual(
    rows.map((row) => [row.kind, row.scope, row.domain, row.source, row.submission]),
    [
      ['iotlb', 0, 5, undefined, 1],
      ['barrier', 0, undefined, undefined, 1],
      ['context-cache', 0, undefined, 0x20b, 2],
      ['iotlb', 0, undefined, undefined, 2],
      ['device-tlb', 0, undefined, undefined, 2],
      ['interrupt-entry-cache', 0, undefined, undefined, 2],
    ],
  );
  assert.equal(facts.barriers, 'seen');
});

void test('both time stamp forms give the same rows, and no time stamp is refused', async () => {
  const classic = text('smmuv3.qemu.log');
  const lines = classic.trimEnd().split('\n');
  const iso = lines.map((line) => {
    const [, seconds, micros, rest] = /^\d+@(\d+)\.(\d{6}):(.*)$/.exec(line) ?? [];
    return `${new Date(Number(seconds) * 1000).toISOString().slice(0, 19)}.${micros}Z ${rest}`;
  });
  const bare = lines.map((line) => line.replace(/^[^:]*:/, ''));
  const one = await readContent(classic);
  const two = await readContent(asLog(iso));
  assert.deepEqual(two.rows, one.rows);
  assert.equal(two.facts.clock.start_ns, one.facts.clock.start_ns);
  await assert.rejects(readContent(asLog(bare)), (error) => {
    assert.ok(error instanceof ToolError);
    assert.equal(error.code, 'E_NO_TIMESTAMPS');
    return true;
  });
});

void test('a log of several families gives each a stream of its own, and says which waits are implied', async () => {
  const { rows, facts } = await readContent(
    asLog([
      '7@5.000001:virtio_iommu_unmap domain=4 virt_start=0xfffa0000 virt_end=0xfffa7fff',
      '7@5.000002:vtd_inv_desc invalidate desc type iotlb high 0xfffa0044 low 0x400f2',
      '7@5.000003:vtd_inv_desc invalidate desc type wait high 0x123ec04 low 0x200000025',
    ]),
  );
  assert.deepEqual(
    facts.streams.map((stream) => stream.name),
    ['virtio-iommu request queue', 'vtd queue 0'],
  );
  assert.deepEqual(
    rows.map((row) => [row.stream, row.kind]),
    [
      [0, 'unmap'],
      [1, 'iotlb'],
      [1, 'barrier'],
      [0, 'barrier'],
    ],
  );
  assert.equal(facts.barriers, 'implied');
  assert.match(facts.barrierRule ?? '', /vtd queue 0: waits are seen/);
});

void test('rows stay whole while the columns grow: 20,000 unmaps give 20,000 barriers', async () => {
  const lines = Array.from(
    { length: 20_000 },
    (_, i) =>
      `7@5.${String(i).padStart(6, '0')}:virtio_iommu_unmap domain=4 virt_start=0x1000 virt_end=0x1fff`,
  );
  const { rows } = await readContent(asLog(lines));
  assert.deepEqual(kindsOf(rows), { unmap: 20_000, barrier: 20_000 });
});
