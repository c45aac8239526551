// The texts of older QEMU versions (docs/event-texts.md) say as much as they hold.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { readContent } from '../../support/read-source.ts';

const log = (...texts: readonly string[]): string =>
  texts.map((text, i) => `7@5.00000${i}:${text}\n`).join('');

const range = 'vmid=0 asid=3 addr=0xffff0000 tg=1 num_pages=0x4 ttl=0 leaf=1';

void test('SMMUv3: a range is the same in all three texts that had one', async () => {
  for (const text of [
    `smmuv3_range_inval ${range} stage=1`,
    `smmuv3_range_inval ${range}`,
    `smmuv3_s1_range_inval ${range}`,
  ]) {
    const { rows } = await readContent(
      log(
        'smmuv3_cmdq_opcode <--- SMMU_CMD_TLBI_NH_VA',
        text,
        'smmuv3_cmdq_opcode <--- SMMU_CMD_SYNC',
      ),
    );
    assert.deepEqual(
      rows.map(({ kind, pasid, range: pages }) => [kind, pasid, pages]),
      [
        ['iotlb', 3, 'ffff0+4'],
        ['barrier', undefined, undefined],
      ],
      text,
    );
  }
});

void test('SMMUv3: the oldest texts name one page, and streams in decimal', async () => {
  const { rows, losses } = await readContent(
    log(
      'smmuv3_cmdq_opcode <--- SMMU_CMD_TLBI_NH_VA',
      'smmuv3_cmdq_tlbi_nh_va vmid =0 asid =3 addr=0x5000 leaf=1',
      'smmuv3_cmdq_opcode <--- SMMU_CMD_TLBI_NH_VAA',
      'smmuv3_cmdq_tlbi_nh_vaa vmid =0 addr=0x6000',
      'smmuv3_cmdq_opcode <--- SMMU_CMD_CFGI_STE',
      'smmuv3_cmdq_cfgi_ste streamid =16',
      'smmuv3_cmdq_opcode <--- SMMU_CMD_CFGI_CD',
      'smmuv3_cmdq_cfgi_cd streamid = 17',
    ),
  );
  assert.equal(losses.lost, 0);
  assert.deepEqual(
    rows.map(({ kind, source, range: pages }) => [kind, source, pages]),
    [
      ['iotlb', undefined, '5+1'],
      ['iotlb', undefined, '6+1'],
      ['context-cache', 16, undefined],
      ['pasid-cache', 17, undefined],
    ],
  );
});
