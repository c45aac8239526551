// The records that the BPF programs put into the ring buffer, as collector/live/bpf/programs/tap.h has them.

/** Kinds of record. */
export const RECORD = { entries: 1, unmap: 2, map: 3, return: 4, probe: 5 } as const;

/** Places in a record's head, in 32-bit words; payload begins at HEAD_BYTES. */
export const HEAD = {
  kind: 0,
  process: 1,
  thread: 2,
  fd: 3,
  ns: 4,
  lost: 6,
  object: 8,
  dataType: 9,
  entryBytes: 10,
  count: 11,
} as const;
export const HEAD_BYTES = 48;

/** Places in the payload of a return, in bytes after the head. */
export const RETURN = { result: 0, done: 8, asked: 12, beganNs: 16 } as const;

/** Counters, summed over all CPUs; the index is the key in the map `counts`. */
export const COUNTERS = [
  'calls',
  'rows',
  'returns',
  'lostRows',
  'lostReturns',
  'unreadable',
  'beyond',
  'untracked',
  'probes',
  'lostProbes',
] as const;
export type Counts = Readonly<Record<(typeof COUNTERS)[number], number>>;

/** Bits of the map `settings`. */
export const SETTING = { maps: 1 } as const;

/** Places of a static probe's payload, in bytes after the head. */
export const PROBE = { args: 8, text: 64, textBytes: 40 } as const;
