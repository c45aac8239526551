// Entries of the iommufd selftest mock's vIOMMU, 12 bytes: flags, device, cache (spec 2.11). Only for tests,
// by the same rule as hwpt-selftest.ts; all of them name the one device that the issuer makes.

import type { Dialect } from './dialect.ts';
import { ALL_SLOTS, selftest, slotCount, slotOf } from './selftest-slots.ts';

const ENTRY_BYTES = 12;
/** The number that the mock device has in the guest. */
export const MOCK_GUEST_DEVICE = 0x51;

export const viommuSelftest: Dialect = {
  name: 'viommu-selftest',
  summary: "for tests: the kernel's mock vIOMMU, pages modulo 4 as its device's caches",
  ...selftest,
  entryBytes: ENTRY_BYTES,
  encode(steps, entry, out, at) {
    const slots = slotCount(steps, entry);
    for (let i = 0; i < Math.max(1, slots); i++) {
      const to = at + i * ENTRY_BYTES;
      out.setUint32(to, slots === 0 ? ALL_SLOTS : 0, true);
      out.setUint32(to + 4, MOCK_GUEST_DEVICE, true);
      out.setUint32(to + 8, slots === 0 ? 0 : slotOf(steps, entry, i), true);
    }
  },
};
