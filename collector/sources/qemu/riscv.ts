// QEMU's RISC-V IOMMU trace events: one line a command with both raw words (QEMU 9.2 and later).

import { ascii } from '../../base/index.ts';
import type { Words128 } from '../../decoders/columns.ts';
import { decodeRiscv } from '../../decoders/riscv.ts';
import { KIND } from '../../model/index.ts';
import type { QemuFamily } from './family.ts';

const COMMAND = ascii(': command 0x');
const UPPER = ascii(' 0x');
const COLON = 58;

export const riscvFamily: QemuFamily = {
  name: 'riscv',
  family: 'riscv',
  iommu: 'RISC-V IOMMU (emulated by QEMU)',
  stream: 'riscv command queue',
  wait: "'riscv_iommu_cmd' with IOFENCE.C",
  open(context) {
    const { cursor, out } = context;
    const words: Words128 = { q0lo: 0, q0hi: 0, q1lo: 0, q1hi: 0 };
    return {
      events: ['riscv_iommu_cmd'],
      handle() {
        // The device's own name stands first.
        while (cursor.at < cursor.end && cursor.bytes[cursor.at] !== COLON) cursor.at++;
        cursor.expect(COMMAND);
        cursor.hex64();
        words.q0lo = cursor.low;
        words.q0hi = cursor.high;
        cursor.expect(UPPER);
        cursor.hex64();
        words.q1lo = cursor.low;
        words.q1hi = cursor.high;
        if (!cursor.ok || !cursor.atEnd()) return 'damaged';
        const row = context.row();
        decodeRiscv(out, row, words);
        if (out.kind[row] === KIND.barrier) context.waited();
        return 'used';
      },
    };
  },
};
