// Calls on the iommufd selftest mock, and what its own check operation must find afterwards. The mock is
// the one place where a partial completion can be had at will (spec 2.11).

export interface MockCall {
  readonly name: string;
  readonly entries: readonly (readonly number[])[];
  readonly errno: string;
  readonly done: number;
  /** The four slots afterwards: 1 untouched, 0 invalidated. */
  readonly slots: string;
  readonly entryLength?: number;
}

const ALL = 1;
const UNKNOWN_FLAG = 2;

/** Entries of a nested HWPT: flags, slot. */
export const HWPT_CALLS: readonly MockCall[] = [
  { name: 'no entry', entries: [], errno: 'ok', done: 0, slots: '1111' },
  { name: 'one slot', entries: [[0, 2]], errno: 'ok', done: 1, slots: '1101' },
  {
    name: 'second of three is no slot',
    entries: [
      [0, 0],
      [0, 4],
      [0, 1],
    ],
    errno: 'EINVAL',
    done: 1,
    slots: '0101',
  },
  {
    name: 'second of two has a flag',
    entries: [
      [0, 1],
      [UNKNOWN_FLAG, 3],
    ],
    errno: 'EOPNOTSUPP',
    done: 1,
    slots: '0001',
  },
  {
    name: 'entries too short',
    entries: [[0, 3]],
    errno: 'EINVAL',
    done: 0,
    slots: '0001',
    entryLength: 4,
  },
  { name: 'all', entries: [[ALL, 0]], errno: 'ok', done: 1, slots: '0000' },
];

/** Entries of a vIOMMU: flags, the device's number in the guest, cache. */
export const GUEST_DEVICE = 0x99;
export const VIOMMU_CALLS: readonly MockCall[] = [
  { name: 'no entry', entries: [], errno: 'ok', done: 0, slots: '1111' },
  { name: 'one cache', entries: [[0, GUEST_DEVICE, 1]], errno: 'ok', done: 1, slots: '1011' },
  {
    name: 'second of three is no device',
    entries: [
      [0, GUEST_DEVICE, 0],
      [0, GUEST_DEVICE + 1, 2],
      [0, GUEST_DEVICE, 3],
    ],
    errno: 'EINVAL',
    done: 1,
    slots: '0011',
  },
  { name: 'all', entries: [[ALL, GUEST_DEVICE, 0]], errno: 'ok', done: 1, slots: '0000' },
];
