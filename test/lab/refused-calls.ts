// Calls that the drivers refuse in the middle: what they answer, what they say is done, and how many
// entries really reached the hardware, which is not the same on SMMUv3 (spec 2.8, 2.9).

import { manyVa, vtdEntry } from './rule-entries.ts';

export interface RefusedCall {
  readonly name: string;
  readonly entries: Uint8Array;
  readonly errno: string;
  /** entry_num as it comes back. */
  readonly done: number;
  /** Entries that reached the hardware: the first so many. */
  readonly issued: number;
}

/** The guest's mark before the first of them; the others follow. */
export const FIRST_REFUSED_MARK = 100;

/** A copy with one 32-bit word changed. */
function spoiled(bytes: Uint8Array, at: number, word: number): Uint8Array {
  const copy = Buffer.from(bytes);
  copy.writeUInt32LE(word, at);
  return copy;
}

const fiveVtd = Buffer.concat([1n, 2n, 3n, 4n, 5n].map((page) => vtdEntry(page << 12n, 1n, true)));
const VTD = 24;

export const VTD_REFUSED: readonly RefusedCall[] = [
  {
    name: 'flag of the third',
    entries: spoiled(fiveVtd, 2 * VTD + 16, 2),
    errno: 'EOPNOTSUPP',
    done: 2,
    issued: 2,
  },
  {
    name: 'reserved of the second',
    entries: spoiled(fiveVtd, VTD + 20, 1),
    errno: 'EOPNOTSUPP',
    done: 1,
    issued: 1,
  },
  {
    name: 'address of the fourth',
    entries: spoiled(fiveVtd, 3 * VTD, 0x123),
    errno: 'EINVAL',
    done: 3,
    issued: 3,
  },
  { name: 'the first', entries: spoiled(fiveVtd, 0, 1), errno: 'EINVAL', done: 0, issued: 0 },
  { name: 'no entry', entries: new Uint8Array(0), errno: 'ok', done: 0, issued: 0 },
];

const SMMU = 16;
const CMD_SYNC = 0x46;

/** So many commands of which one is a CMD_SYNC, which the host takes from nobody. */
const withSync = (count: number, index: number): Uint8Array =>
  spoiled(manyVa(count), index * SMMU, CMD_SYNC);

export const SMMU_REFUSED: readonly RefusedCall[] = [
  { name: 'command 150 of 200', entries: withSync(200, 150), errno: 'EIO', done: 150, issued: 126 },
  { name: 'command 3 of 10', entries: withSync(10, 3), errno: 'EIO', done: 3, issued: 0 },
  { name: 'command 63 of 64', entries: withSync(64, 63), errno: 'EIO', done: 63, issued: 63 },
  { name: 'no command', entries: new Uint8Array(0), errno: 'EINVAL', done: 0, issued: 0 },
];
