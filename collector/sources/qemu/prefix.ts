// What stands before an event's name in a log line that is not QEMU's own form: time, thread and origin are
// read out of whatever a monitor, grep, a log collector, a container runtime or another backend put there.

import { lastStamp, type Stamp, type StampHints } from '../text/stamps.ts';

export interface Prefix {
  /** Undefined where the prefix shows no time. */
  readonly stamp: Stamp | undefined;
  /** The thread that printed the line; -1 where the prefix does not show it. */
  readonly thread: number;
  /** Who printed it, as far as words of the prefix tell: program and process, file, guest, host. */
  readonly origin: string;
}

/** `TID@SEC.USEC:`, right before the name. */
const CLASSIC = /(\d{1,10})@(\d{1,12})\.(\d{1,9}): ?$/;
/** `(TID:THREAD NAME): `, behind the program's name. */
const PROGRAM_THREAD = /\((\d{1,10}):[^()]*\):? *$/;
/** `comm-TID [CPU] flags SEC.USEC: tracing_mark_write: `, as the ftrace backend's lines come out. */
const MARKER = /-(\d{1,10}) +(?:\([^)]*\) +)?\[\d{3,}\].*tracing_mark_write: *$/;
/** `comm TID [CPU] SEC.USEC: ftrace:print: tracing_mark_write: ` of `perf script`. */
const MARKER_PERF = /^ *\S.*? (\d{1,10}) +(?:\[\d{3,}\] +)?\d+[.,]\d+: .*tracing_mark_write: *$/;

export function readPrefix(text: string, hints: StampHints): Prefix {
  const classic = CLASSIC.exec(text);
  if (classic !== null) {
    const [whole, thread, seconds, fraction] = classic;
    const at = classic.index;
    return {
      stamp: {
        clock: 'realtime',
        seconds: Number(seconds),
        nanos: Number(fraction) * 10 ** (9 - fraction.length),
        digits: fraction.length,
        at,
        end: at + whole.length,
      },
      thread: Number(thread),
      origin: originOf(text.slice(0, at), hints),
    };
  }
  const stamp = lastStamp(text, hints);
  const thread = (PROGRAM_THREAD.exec(text) ?? MARKER.exec(text) ?? MARKER_PERF.exec(text))?.[1];
  return {
    stamp,
    thread: thread === undefined ? -1 : Number(thread),
    origin: originOf(text, hints),
  };
}

/** Words that say nothing about who printed a line. */
const NOISE =
  /^(?:\(qemu\)|stderr|stdout|[FP]|-|\||:|qemu[\w.-]*|trace|info|debug|notice|log|print|bprint|tracing_mark_write|ftrace)$/i;

/** The words of a prefix that stay the same from line to line for one guest, and differ between guests. */
function originOf(text: string, hints: StampHints): string {
  let rest = text;
  for (let stamp = lastStamp(rest, hints); stamp !== undefined; stamp = lastStamp(rest, hints)) {
    rest = `${rest.slice(0, stamp.at)} ${rest.slice(stamp.end)}`;
  }
  if (rest.includes('tracing_mark_write')) rest = /^ *(\S+\.dat):/.exec(rest)?.[1] ?? '';
  return rest
    .replace(/\(\d+:[^()]*\):?/g, ' ') // the thread
    .replace(/^((?:[^\s:]+:)?)\d+[:-]/, '$1 ') // grep's line number
    .split(/[\s"]+/)
    .map((word) =>
      word.replace(/^[[(<]?(.*?)[\])>]?[:|,]*$/, (whole, inner: string) =>
        /\[\d+\]/.test(whole) ? whole.replace(/:$/, '') : inner,
      ),
    )
    .filter((word) => word !== '' && !NOISE.test(word) && !/^\d+$/.test(word))
    .join(' ');
}
