// Runs inside the guest: the calls on the iommufd selftest mock, each followed by the mock's own check.

import { GUEST_DEVICE, HWPT_CALLS, type MockCall, VIOMMU_CALLS } from '../mock-rows.ts';
import { ioctl, must, openDevice, struct } from './ioctl.ts';
import { allocHwpt, allocIoas, HWPT_NEST_PARENT, invalidate } from './objects.ts';

const TEST_CMD = 0x3ba0;
const OP = { mockDomain: 2, replace: 10, checkIotlb: 14, checkCache: 16 } as const;
const SELFTEST_HWPT = 0xdead;
const SELFTEST_DATA = 0xdeadbeef;
const SELFTEST_VIOMMU = 0xdeadbeef;
const SLOT_FULL = 0x0badbeef;
const CACHE_FULL = 0x00baddad;

const iommufd = openDevice('/dev/iommu');

/** IOMMU_TEST_CMD with its first two union words. */
function test(
  op: number,
  id: number,
  words: readonly [number, number] = [0, 0],
): { readonly errno: string; readonly out: Buffer } {
  const out = struct(72, [
    [0, 4, 72],
    [4, 4, op],
    [8, 4, id],
    [16, 4, words[0]],
    [20, 4, words[1]],
  ]);
  return { errno: ioctl(iommufd, TEST_CMD, out).errno, out };
}

/** What the check finds in the four slots: 0 invalidated, 1 untouched, ? neither. */
function slots(op: number, id: number, full: number): string {
  const at = (slot: number): string => {
    if (test(op, id, [slot, 0]).errno === 'ok') return '0';
    return test(op, id, [slot, full]).errno === 'ok' ? '1' : '?';
  };
  return [0, 1, 2, 3].map(at).join('');
}

function run(
  calls: readonly MockCall[],
  id: number,
  width: number,
  look: () => string,
): readonly object[] {
  return calls.map((call) => {
    const entries = Buffer.from(Uint32Array.from(call.entries.flat()).buffer);
    const result = invalidate(iommufd, {
      id,
      type: SELFTEST_DATA,
      entryLength: call.entryLength ?? width,
      entries,
    });
    return { ...result, slots: look() };
  });
}

const ioas = allocIoas(iommufd);
const mock = test(OP.mockDomain, ioas);
must('MOCK_DOMAIN', { value: 0, errno: mock.errno });
const device = mock.out.readUInt32LE(24);
const stdev = mock.out.readUInt32LE(16);
const parent = allocHwpt(iommufd, { device, parent: ioas, flags: HWPT_NEST_PARENT });
const data = struct(8, [[0, 4, SLOT_FULL]]);
const nested = allocHwpt(iommufd, { device, parent, type: SELFTEST_HWPT, data });
const hwpt = run(HWPT_CALLS, nested, 8, () => slots(OP.checkIotlb, nested, SLOT_FULL));

must('MOCK_DOMAIN_REPLACE', { value: 0, errno: test(OP.replace, stdev, [parent, 0]).errno });
const viommu = struct(40, [
  [0, 4, 40],
  [8, 4, SELFTEST_VIOMMU],
  [12, 4, device],
  [16, 4, parent],
]);
must('VIOMMU_ALLOC', ioctl(iommufd, 0x3b90, viommu));
const viommuId = viommu.readUInt32LE(20);
const vdevice = struct(24, [
  [0, 4, 24],
  [4, 4, viommuId],
  [8, 4, device],
  [16, 8, GUEST_DEVICE],
]);
must('VDEVICE_ALLOC', ioctl(iommufd, 0x3b91, vdevice));
const caches = run(VIOMMU_CALLS, viommuId, 12, () => slots(OP.checkCache, device, CACHE_FULL));
process.stdout.write(`${JSON.stringify({ hwpt, caches })}\n`);
