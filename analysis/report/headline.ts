// The answer in words: which strategy wins, by how much, at what price, and whether that can be trusted.
// Nothing is called better inside the noise.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import { ENOUGH_REPEATS } from '../statistics/interval.ts';
import type { ResultHeader } from '../../replayer/result/header.ts';
import { SERVICE, STALL, medianOf } from './metrics.ts';
import type { ReportJson, ReportStrategy, ReportValue } from './schema.ts';

const LATE_NS = 100e3;

/** `0.62 (95 %: 0.60–0.64)`. */
function ratioText(value: ReportValue | undefined): string {
  if (
    value === undefined ||
    value.ratio === null ||
    value.ratio_low === null ||
    value.ratio_high === null
  )
    return '–';
  return `${value.ratio.toFixed(2)} (95 %: ${value.ratio_low.toFixed(2)}–${value.ratio_high.toFixed(2)})`;
}

export function headline(rows: readonly ReportStrategy[]): ReportJson['headline'] {
  const [baseline] = rows;
  const better = rows
    .slice(1)
    .filter(
      (row) => row.verdict === 'strict' && row.values[SERVICE]?.holds === true && ratioOf(row) < 1,
    )
    .sort((a, b) => ratioOf(a) - ratioOf(b));
  const details = rows.slice(1).map(detail);
  if (better.length === 0) {
    if (baseline.repeats < ENOUGH_REPEATS) {
      return {
        text: `${baseline.repeats} repeats are too few to call a winner.`,
        winner: null,
        details,
      };
    }
    return {
      text: `No safe strategy spends measurably less time in ioctls than ${baseline.strategy} on this recording.`,
      winner: null,
      details,
    };
  }
  const [winner] = better;
  const less = Math.round((1 - ratioOf(winner)) * 100);
  return {
    text: `${winner.strategy} spends ${less} % less time in ioctls than ${baseline.strategy}; ${stallText(winner, baseline)}.`,
    winner: winner.strategy,
    details,
  };
}

/** What the winner does to stall, as the table says it: a difference only where it holds. */
function stallText(winner: ReportStrategy, baseline: ReportStrategy): string {
  const stall = winner.values[STALL];
  if (stall === undefined) return 'stall was not measured';
  const both = `${formatDuration(stall.median)}, against ${formatDuration(medianOf(baseline, STALL))}`;
  if (stall.holds) {
    const change = (stall.ratio ?? 1) > 1 ? 'longer' : 'shorter';
    return `barriers stall ${change}, × ${ratioText(stall)} at p99 (${both})`;
  }
  if (stall.ratio === null) return `stall p99 is ${both}`;
  return `stall p99 differs within the noise (${both})`;
}

/** Time in ioctls as a ratio to the baseline; 1 where there is none. */
function ratioOf(row: ReportStrategy): number {
  return row.values[SERVICE]?.ratio ?? 1;
}

function detail(row: ReportStrategy): string {
  const service = row.values[SERVICE];
  const verdict =
    row.verdict === 'strict'
      ? 'strict'
      : `${row.verdict}: ${formatCount(row.requests_exposed)} requests exposed`;
  const holds = service?.holds === true ? '' : ', inside the noise';
  return `${row.strategy}: time in ioctls × ${ratioText(service)}${holds}; ioctls × ${row.values.ioctls?.ratio?.toFixed(2) ?? '–'}; stall p99 ${formatDuration(medianOf(row, STALL))}; ${verdict}`;
}

/** What speaks for and against believing the numbers, worst first. */
export function trustLines(
  headers: readonly ResultHeader[],
  rows: readonly ReportStrategy[],
): ReportJson['trust'] {
  const [first] = headers;
  const { environment, trace } = first;
  const repeats = Math.min(...rows.map((row) => row.repeats));
  const late = Math.max(...rows.map((row) => medianOf(row, 'lateness_p99_ns') ?? 0));
  const errors = countErrors(headers);
  const lines: ReportJson['trust'] = [
    provenanceLine(first),
    trace.lost > 0
      ? {
          level: 'bad',
          text: `The recording lost ${formatCount(trace.lost)} events: the stream is not whole.`,
        }
      : {
          level: 'good',
          text: `The recording lost nothing (${formatCount(trace.events)} events kept).`,
        },
    repeats < ENOUGH_REPEATS
      ? {
          level: 'warn',
          text: `Only ${repeats} repeats: too few to call a difference; ${ENOUGH_REPEATS} are needed.`,
        }
      : {
          level: 'good',
          text: `${repeats} repeats of each strategy, interleaved in random order.`,
        },
    latenessLine(headers, late),
    ...(errors === 0 || first.provenance === 'null'
      ? []
      : [{ level: 'bad' as const, text: `${formatCount(errors)} ioctls failed.` }]),
    ...(trace.barriers === 'implied'
      ? [
          {
            level: 'warn' as const,
            text: 'The source shows no barriers: they are implied by a rule.',
          },
        ]
      : []),
    ...(trace.synthetic === undefined
      ? []
      : [{ level: 'warn' as const, text: `The recording is not a real one: ${trace.synthetic}.` }]),
    ...(environment.virtual === true
      ? [
          {
            level: 'warn' as const,
            text: 'The replay ran in a virtual machine: absolute times are noise, ratios are what holds.',
          },
        ]
      : []),
    ...(environment.governor !== null && environment.governor !== 'performance'
      ? [
          {
            level: 'warn' as const,
            text: `CPU governor is '${environment.governor}', not 'performance'.`,
          },
        ]
      : []),
  ];
  const rank = { bad: 0, warn: 1, good: 2 };
  return lines.sort((a, b) => rank[a.level] - rank[b.level]);
}

/** What the replays said of their own timing; their lateness where they said nothing. */
function latenessLine(headers: readonly ResultHeader[], late: number): ReportJson['trust'][number] {
  const classes = headers.flatMap(({ timing }) =>
    timing === undefined ? [] : [timing.fidelity.class],
  );
  const p99 = `lateness p99 is ${formatDuration(late)} at worst (median over repeats)`;
  const noisy = classes.filter((one) => one === 'faithful-to-noise').length;
  const bad = classes.filter((one) => one === 'not-faithful').length;
  if (bad > 0) {
    return {
      level: 'warn',
      text: `${bad} of ${classes.length} replays did not keep their times: ${p99}.`,
    };
  }
  if (noisy > 0) {
    return {
      level: 'good',
      text: `All replays kept their times, ${noisy} of ${classes.length} to within this machine's noise: ${p99}.`,
    };
  }
  if (late > LATE_NS) return { level: 'warn', text: `The replay ran late: ${p99}.` };
  return { level: 'good', text: `The replays kept their times: ${p99}.` };
}

function countErrors(headers: readonly ResultHeader[]): number {
  return headers.reduce(
    (sum, header) => sum + Object.values(header.summary.errors).reduce((a, b) => a + b, 0),
    0,
  );
}

function provenanceLine(header: ResultHeader): ReportJson['trust'][number] {
  switch (header.provenance) {
    case 'hardware':
      return { level: 'good', text: `Ran on real hardware: ${header.issuer_description}.` };
    case 'lab':
      return {
        level: 'warn',
        text: `Ran on a lab kernel with an emulated IOMMU (${header.issuer_description}): sequence and counts are real, times are not those of hardware.`,
      };
    case 'null':
      return {
        level: 'warn',
        text: 'Ran on the null issuer: the cost of the system call path only. No IOMMU was involved and nothing was invalidated.',
      };
    case 'recording':
      return { level: 'bad', text: 'Ran on the recording issuer: no system call was made.' };
  }
}
