// Headers of earlier result versions, one step at a time: what is read afterwards is the newest form only.

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Anything that is not a header of an earlier version is returned as it is. */
export function upgradeResultHeader(header: unknown): unknown {
  if (!isFields(header)) return header;
  return header['version'] === 1 ? fromVersion1(header) : header;
}

/** Threads had one stream each, holes instead of gaps, FIFO or nothing, and counted garbage collections. */
function fromVersion1(header: Fields): Fields {
  const { timing } = header;
  if (!isFields(timing)) return { ...header, version: 2 };
  const { streams_per_cpu: _, collections: _2, threads, ...rest } = timing;
  const upgraded = Array.isArray(threads) ? threads.filter(isFields).map(threadFrom1) : threads;
  return { ...header, version: 2, timing: { ...rest, loop: 'javascript', threads: upgraded } };
}

function threadFrom1(thread: Fields): Fields {
  const { stream, policy, holes, collections: _, rests: _2, ...rest } = thread;
  const gaps = Array.isArray(holes) ? holes.filter(isFields) : [];
  return {
    ...rest,
    cpu_time: rest['cpu_time'] ?? null,
    streams: [stream],
    class: policy,
    instead: null,
    gaps: gaps.map((hole) => ({ ...hole, stream, cause: CAUSES_1[String(hole['cause'])] })),
    gap_count: gaps.length,
  };
}

const CAUSES_1: Readonly<Record<string, string>> = {
  'rt-throttling': 'held-by-scheduler',
  steal: 'steal',
  'waited-for-cpu': 'waited-for-cpu',
  migration: 'unknown',
  'in-call': 'in-call',
  unknown: 'unknown',
};
