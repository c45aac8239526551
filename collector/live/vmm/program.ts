// The bpftrace program that taps VMMs' ioctls: notes a call when it begins and, when it returns, reads its
// entries from the process's memory, which the kernel has just read too. Counts in the kernel what it sees,
// so that lost lines show.

import {
  FIRST_BYTES,
  LINE_BYTES,
  PROBE_BYTES,
  TAP,
  TAPPED,
  WORD_BYTES,
} from '../../sources/vmm/shape.ts';

const ENTER = 'tracepoint:syscalls:sys_enter_ioctl';
const EXIT = 'tracepoint:syscalls:sys_exit_ioctl';

/** bpftrace types widened fields with these, which it knows only where the kernel has BTF or headers. */
const TYPES = '#define u64 unsigned long long\n#define s64 long long\n';

/**
 * The program for processes `pids`. It stops noting calls when `recorder` sends itself signal 0, so that what
 * is on its way can be waited for.
 */
export function tapProgram(pids: readonly number[], recorder: number): string {
  const ours = `(${pids.map((pid) => `pid == ${pid}`).join(' || ')})`;
  const begins = (request: number): string =>
    `${ENTER} /${ours} && args->cmd == ${request} && @off == 0/`;
  return `${TYPES}
BEGIN { @off = 0; printf("B iotlb-vmm-2 %llx\\n", nsecs); }

tracepoint:syscalls:sys_enter_kill /pid == ${recorder} && args->pid == ${recorder} && args->sig == 0/ {
  @off = 1;
}

${begins(TAPPED.hwptInvalidate)} {
  $entries = ${user('uint32', 'args->arg', 24)};
  @enters = count();
  @entries = sum($entries);
  @call[tid] = (nsecs, (uint64)args->arg, (uint64)$entries, (uint64)0, (uint64)0);
}

${begins(TAPPED.ioasUnmap)} {
  ${unmapBegins(user('uint32', 'args->arg', 4))}
}

${begins(TAPPED.vfioUnmapDma)} {
  ${unmapBegins('0')}
}

${EXIT} /${ours} && @call[tid].0 != 0/ {
  $now = nsecs;
  $c = @call[tid];
  delete(@call[tid]);
  @exits = count();
  @n[tid]++;
  if ($c.4 != 0) {
    printf("U %llx %llx %x %llx %llx %llx %llx %llx\\n", $c.0, $now, tid, @n[tid], $c.1, $c.2, $c.3, args->ret);
  } else {
    $s = $c.1;
    $u = ${user('uint64', '$s', 8)};
    $len = ${user('uint32', '$s', 20)};
    $bytes = (uint64)$len * $c.2;
    printf("C %llx %llx %x %llx %x %x %x %llx %llx %x${' %llx'.repeat(TAP.firstWords)}\\n", $c.0, $now, tid, @n[tid], ${user('uint32', '$s', 4)}, ${user('uint32', '$s', 16)}, $len, $c.2, args->ret, ${user('uint32', '$s', 24)}, ${words(TAP.firstWords)});
    if ($bytes > ${FIRST_BYTES}) {
      @long[tid] = ($u, $bytes, @n[tid]);
    }
  }
}
${Array.from({ length: TAP.probes }, (_, i) => stretch(ours, i)).join('')}
END { clear(@call); clear(@long); clear(@n); clear(@off); printf("Z\\n"); }
`;
}

/** VFIO_UNMAP_DMA and IOMMU_IOAS_UNMAP keep address and length at the same place, and write the length back. */
function unmapBegins(object: string): string {
  return `@enters = count();
  @entries = sum(1);
  @call[tid] = (nsecs, (uint64)${object}, ${user('uint64', 'args->arg', 8)}, ${user('uint64', 'args->arg', 16)}, (uint64)1);`;
}

/** One more probe on the return for what goes beyond the ones before; the last one ends the call. */
function stretch(ours: string, index: number): string {
  const first = FIRST_BYTES + index * PROBE_BYTES;
  const isLast = index === TAP.probes - 1;
  const end = isLast ? 'delete(@long[tid]);' : '';
  return `
${EXIT} /${ours} && @long[tid].1 > ${isLast ? 0 : first}/ {
  $l = @long[tid];
  $off = (uint64)${first};
  $u = $l.0 + ${first};
  $i = 0;
  while ($i < ${TAP.linesPerProbe}) {
    if ($off >= $l.1) { break; }
    printf("W %x %llx %llx${' %llx'.repeat(TAP.lineWords)}\\n", tid, $l.2, $off / ${WORD_BYTES}, ${words(TAP.lineWords)});
    $off = $off + ${LINE_BYTES};
    $u = $u + ${LINE_BYTES};
    $i++;
  }
  ${end}
}
`;
}

function words(count: number): string {
  return Array.from({ length: count }, (_, i) => user('uint64', '$u', i * WORD_BYTES)).join(', ');
}

function user(type: string, base: string, offset: number): string {
  return `*(${type} *)uptr(${base} + ${offset})`;
}
