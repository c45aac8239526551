// Lines of tracepoints in forms that are not tracefs's own: `perf script` without its CPU column or with more
// columns, decimal commas, `perf trace`, `tp_printk` and ftrace dumps in the kernel log. Slower, so tried last.

import { lastStamp } from '../text/stamps.ts';

export interface LooseLine {
  readonly name: string;
  /** Where the event's text starts. */
  readonly textAt: number;
  readonly cpu: number;
  /** Undefined where the line shows no time. */
  readonly time: LooseTime | undefined;
}

export interface LooseTime {
  readonly seconds: number;
  readonly nanos: number;
  readonly digits: number;
  /** Its clock, where the form tells. */
  readonly clock?: string;
}

const EVENT =
  /(?:^|[\s(])(?:(?:intel_iommu|iommu):)?(qi_submit|cache_tag_\w+|unmap|map): *(?=(?:IOMMU: |\w+ [^:\s]+: |[^\s:]+[ /]))/;
/** `SEC.FRACTION:` and perf's period, which stands before the name. */
const TRACE_TIME = /(\d+)[.,](\d{6}|\d{9}): +(?:\d+ +)?$/;
/** `12802127us : `, as the kernel dumps its buffer. */
const DUMP_TIME = /(\d{1,15})us *.?: *$/;
/** `perf trace`: milliseconds from its start. */
const PERF_TRACE_TIME = /^ *(\d+)\.(\d{3}) /;
const CPU = /\[(\d{3,5})\]/;
/** `comm-PID CPUflags` of a dump. */
const DUMP_CPU = /-\d+ +(\d{1,5})[^\s\d]\S* +\d+us/;

/** The event in `line`; undefined where there is none of ours with a text of its own. */
export function looseLine(line: string): LooseLine | undefined {
  const event = EVENT.exec(line);
  if (event === null) return undefined;
  const before = line.slice(0, event.index + (/^[\s(]/.test(event[0]) ? 1 : 0));
  const cpu = (CPU.exec(before) ?? DUMP_CPU.exec(before))?.[1];
  return {
    name: event[1],
    textAt: event.index + event[0].length,
    cpu: cpu === undefined ? -1 : Number(cpu),
    time: timeIn(before),
  };
}

function timeIn(before: string): LooseTime | undefined {
  const trace = TRACE_TIME.exec(before);
  if (trace !== null) return fraction(Number(trace[1]), trace[2]);
  const dump = DUMP_TIME.exec(before);
  if (dump !== null) {
    const micros = Number(dump[1]);
    return { seconds: Math.floor(micros / 1e6), nanos: (micros % 1e6) * 1000, digits: 6 };
  }
  const stamp = lastStamp(before, { year: new Date().getUTCFullYear() });
  if (stamp !== undefined) return stamp;
  const milliseconds = PERF_TRACE_TIME.exec(before);
  if (milliseconds === null) return undefined;
  const micros = Number(milliseconds[1]) * 1000 + Number(milliseconds[2]);
  return { seconds: Math.floor(micros / 1e6), nanos: (micros % 1e6) * 1000, digits: 6 };
}

function fraction(seconds: number, digits: string): LooseTime {
  return { seconds, nanos: Number(digits) * 10 ** (9 - digits.length), digits: digits.length };
}
