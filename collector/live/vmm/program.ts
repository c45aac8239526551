// The bpftrace program that taps a VMM's ioctls: on entry it reads the structure and the entries from the
// process's memory, on return the result. Counts in the kernel what it sees, so that lost lines show.

import { TAP } from '../../sources/vmm/calls.ts';

// Full ioctl numbers (spec 1.2, 2.1).
const HWPT_INVALIDATE = 0x3b8d;
const IOAS_UNMAP = 0x3b86;
const VFIO_UNMAP_DMA = 0x3b72;
const WORD_BYTES = 8;

/** The program for process `pid`. */
export function tapProgram(pid: number): string {
  const line = TAP.wordsPerLine * WORD_BYTES;
  const words = Array.from(
    { length: TAP.wordsPerLine },
    (_, i) => `*(uint64 *)uptr($u + $off + ${i * WORD_BYTES})`,
  );
  return `
BEGIN { printf("B iotlb-vmm-1 %llu\\n", nsecs); }

tracepoint:syscalls:sys_enter_ioctl /pid == ${pid} && args->cmd == ${HWPT_INVALIDATE}/ {
  @n[tid]++;
  @arg[tid] = args->arg;
  @enters = count();
  $s = args->arg;
  $u = *(uint64 *)uptr($s + 8);
  $len = *(uint32 *)uptr($s + 20);
  $num = *(uint32 *)uptr($s + 24);
  @entries = sum($num);
  printf("E %llu %d %llu %u %u %u %u\\n", nsecs, tid, @n[tid], *(uint32 *)uptr($s + 4), *(uint32 *)uptr($s + 16), $len, $num);
  $bytes = (uint64)$len * (uint64)$num;
  $off = (uint64)0;
  unroll(${TAP.lines}) {
    if ($off < $bytes) {
      printf("W %d %llu %llu${' %llx'.repeat(TAP.wordsPerLine)}\\n", tid, @n[tid], $off / ${WORD_BYTES}, ${words.join(', ')});
    }
    $off = $off + ${line};
  }
}

tracepoint:syscalls:sys_enter_ioctl /pid == ${pid} && args->cmd == ${IOAS_UNMAP}/ {
  @n[tid]++;
  @arg[tid] = args->arg;
  @enters = count();
  @entries = sum(1);
  $s = args->arg;
  printf("U %llu %d %llu %u %llx %llx\\n", nsecs, tid, @n[tid], *(uint32 *)uptr($s + 4), *(uint64 *)uptr($s + 8), *(uint64 *)uptr($s + 16));
}

tracepoint:syscalls:sys_enter_ioctl /pid == ${pid} && args->cmd == ${VFIO_UNMAP_DMA}/ {
  @n[tid]++;
  @arg[tid] = args->arg;
  @enters = count();
  @entries = sum(1);
  $s = args->arg;
  printf("U %llu %d %llu %u %llx %llx\\n", nsecs, tid, @n[tid], 0, *(uint64 *)uptr($s + 8), *(uint64 *)uptr($s + 16));
}

tracepoint:syscalls:sys_exit_ioctl /@arg[tid]/ {
  @exits = count();
  $s = @arg[tid];
  printf("X %llu %d %llu %lld %u\\n", nsecs, tid, @n[tid], args->ret, *(uint32 *)uptr($s + 24));
  delete(@arg[tid]);
}

END { clear(@arg); clear(@n); }
`;
}
