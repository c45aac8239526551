// Entries of the iommufd selftest mock's nested HWPT, 8 bytes: flags, slot (spec 2.11). Only for tests: the
// mock's cache is four slots, and selftest-slots.ts says which of them stand for a range.

import type { Dialect } from './dialect.ts';
import { ALL_SLOTS, selftest, slotCount, slotOf } from './selftest-slots.ts';

const ENTRY_BYTES = 8;

export const hwptSelftest: Dialect = {
  name: 'hwpt-selftest',
  summary: "for tests: the kernel's mock HWPT, pages modulo 4 as its slots",
  ...selftest,
  entryBytes: ENTRY_BYTES,
  encode(steps, entry, out, at) {
    const slots = slotCount(steps, entry);
    for (let i = 0; i < Math.max(1, slots); i++) {
      out.setUint32(at + i * ENTRY_BYTES, slots === 0 ? ALL_SLOTS : 0, true);
      out.setUint32(at + i * ENTRY_BYTES + 4, slots === 0 ? 0 : slotOf(steps, entry, i), true);
    }
  },
};
