// RISC-V IOMMU commands as the specification and Linux's driver build them, through QEMU's line.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { EventBuilder, FLAG, KIND, PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { qemuLog } from '../../../collector/sources/qemu/log.ts';

const PAGE_SHIFT = 12n;

/** Fields of the first word, as Linux's FIELD_PREP puts them. */
const bits = (value: bigint, from: bigint): bigint => value << from;
const AV = bits(1n, 10n);
const PSCV = bits(1n, 32n);
const GV = bits(1n, 33n);
const opcode = (op: bigint, func: bigint): bigint => op | bits(func, 7n);
/** dword1[61:10] is the page number of the address. */
const address = (iova: bigint): bigint => bits(iova >> PAGE_SHIFT, 10n);

function decoded(...commands: readonly (readonly [bigint, bigint])[]): EventBuilder {
  const out = new EventBuilder();
  const parser = qemuLog.open(out);
  const text = commands.map(
    ([low, high], i) =>
      `7@1700000000.${String(i).padStart(6, '0')}:riscv_iommu_cmd riscv.iommu.00: command 0x${low.toString(16)} 0x${high.toString(16)}\n`,
  );
  parser.push(Buffer.from(text.join('')));
  parser.end();
  assert.equal(parser.losses.lost, 0);
  assert.equal(out.count, commands.length);
  return out;
}

const asked = (out: EventBuilder, row: number): number => out.present[row] & ~PRESENT.waiter;

test('riscv: IOTINVAL.VMA of one page of one address space of a guest', () => {
  const iova = 0xffff_f123_4567_8000n;
  const command = opcode(1n, 0n) | AV | PSCV | GV | bits(0xa_bcden, 12n) | bits(0x1234n, 44n);
  const out = decoded([command, address(iova)]);
  assert.equal(out.kind[0], KIND.iotlb);
  assert.deepEqual([out.domainId[0], out.pasid[0]], [0x1234, 0xabcde]);
  assert.equal(out.page[0], Number(iova >> PAGE_SHIFT));
  assert.equal(out.pages[0], 1);
  assert.equal(out.scope[0], SCOPE.pasid | SCOPE.vaddr);
});

test('riscv: what a command leaves out restricts nothing', () => {
  const out = decoded(
    [opcode(1n, 0n), 0n],
    [opcode(1n, 1n) | GV | bits(7n, 44n), 0n],
    [opcode(1n, 0n) | PSCV | bits(5n, 12n), 0n],
  );
  assert.deepEqual([asked(out, 0), asked(out, 1)], [0, PRESENT.domainId]);
  assert.deepEqual([out.domainId[1], out.pasid[2], out.scope[2]], [7, 5, SCOPE.pasid]);
});

test('riscv: IOFENCE.C is the wait, whatever it writes', () => {
  const PR = bits(1n, 12n);
  const PW = bits(1n, 13n);
  const out = decoded(
    [opcode(2n, 0n) | PR | PW, 0n],
    [opcode(2n, 0n) | AV | bits(0xffff_ffffn, 32n), 0x1000n >> 2n],
  );
  assert.deepEqual([out.kind[0], out.kind[1]], [KIND.barrier, KIND.barrier]);
});

test('riscv: IODIR drops a device or a process of it', () => {
  const DV = bits(1n, 33n);
  const out = decoded(
    [opcode(3n, 0n) | DV | bits(0xabcdefn, 40n), 0n],
    [opcode(3n, 1n) | DV | bits(0x0203n, 40n) | bits(9n, 12n), 0n],
    [opcode(3n, 0n), 0n],
  );
  assert.deepEqual([out.kind[0], out.sourceId[0]], [KIND.contextCache, 0xabcdef]);
  assert.deepEqual([out.kind[1], out.sourceId[1], out.pasid[1]], [KIND.pasidCache, 0x203, 9]);
  assert.equal(asked(out, 2), 0);
});

test('riscv: ATS.INVAL is a device TLB request with a range of PCIe', () => {
  const PV = bits(1n, 32n);
  const command = opcode(4n, 0n) | PV | bits(3n, 12n) | bits(0x0108n, 40n);
  // Four pages at 0x10000: S, and one more one above bit 12.
  const out = decoded([command, 0x1_0000n | 0x1000n | 0x800n | 1n], [opcode(4n, 1n), 0n]);
  assert.equal(out.kind[0], KIND.deviceTlb);
  assert.deepEqual([out.sourceId[0], out.pasid[0]], [0x108, 3]);
  assert.deepEqual([out.page[0], out.pages[0], out.flags[0]], [0x10, 4, FLAG.global]);
  assert.equal(out.kind[1], KIND.other); // PRGR answers the device: no invalidation
});

test('riscv: a command with reserved bits, or of no known kind, does nothing and keeps its words', () => {
  const out = decoded(
    [opcode(1n, 0n) | bits(1n, 11n), 0n],
    [opcode(1n, 0n) | bits(1n, 34n), 0n],
    [opcode(1n, 2n), 0n],
    [opcode(1n, 1n) | PSCV, 0n],
    [opcode(2n, 1n), 0n],
    [opcode(3n, 0n) | bits(1n, 32n), 0n],
    [0x55n, 0xfeed_0000_0000_0001n],
  );
  for (let row = 0; row < out.count; row++) assert.equal(out.kind[row], KIND.other, String(row));
  const words = Buffer.from(out.raw.buffer, out.raw.byteOffset + 6 * 32, 16);
  assert.deepEqual(
    [words.readBigUInt64LE(0), words.readBigUInt64LE(8), out.rawLen[6]],
    [0x55n, 0xfeed_0000_0000_0001n, 16],
  );
});
