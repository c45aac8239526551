// CPU time of this thread by the kernel's account. User and system together are exact; how they divide the
// kernel estimates from its ticks, unless it was built to account for every entry.

import { addressOf, getrusage } from '../calls/native.ts';

const RUSAGE_THREAD = 1;
const RUSAGE_BYTES = 144;

export interface ThreadCpu {
  readonly user_ns: number;
  readonly system_ns: number;
}

/** A rusage begins with two timevals, user and system: seconds and microseconds as words of 8 bytes. */
export function threadCpu(): ThreadCpu {
  const words = new BigInt64Array(new SharedArrayBuffer(RUSAGE_BYTES));
  getrusage(RUSAGE_THREAD, addressOf(words));
  const ns = (at: number): number => Number(words[at]) * 1e9 + Number(words[at + 1]) * 1e3;
  return { user_ns: ns(0), system_ns: ns(2) };
}

export function cpuBetween(from: ThreadCpu, to: ThreadCpu): ThreadCpu {
  return { user_ns: to.user_ns - from.user_ns, system_ns: to.system_ns - from.system_ns };
}
