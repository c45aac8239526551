// What speaks for and against believing the numbers, worst first.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import type { ResultHeader } from '../../replayer/result/header.ts';
import { METRICS, shownOf } from './metrics.ts';
import type { ReportJson, ReportStrategy } from './schema.ts';

type Line = ReportJson['trust'][number];
type Level = Line['level'];

export interface TrustInput {
  readonly headers: readonly ResultHeader[];
  readonly rows: readonly ReportStrategy[];
  readonly claims: ReportJson['claims'];
  /** What rounds lack, as `repeat 3 of drain`. */
  readonly missing: readonly string[];
  readonly part: string | null;
}

export function trustLines(input: TrustInput): Line[] {
  const { headers, part } = input;
  const [first] = headers;
  const { environment, trace } = first;
  const errors = countErrors(headers);
  const lines: readonly (Line | undefined)[] = [
    provenanceLine(first),
    trace.lost > 0
      ? line(
          'bad',
          `The recording lost ${formatCount(trace.lost)} events: the stream is not whole.`,
        )
      : line('good', `The recording lost nothing (${formatCount(trace.events)} events kept).`),
    part === null ? undefined : line('warn', `This covers only ${part}.`),
    controlLine(input),
    missingLine(input),
    fidelityLine(input),
    errors > 0 && first.provenance !== 'null'
      ? line('bad', `${formatCount(errors)} ioctls failed.`)
      : undefined,
    trace.barriers === 'implied'
      ? line('warn', 'The source shows no barriers: they are implied by a rule.')
      : undefined,
    ...(trace.clock_steps ?? []).map((step) => line('warn', `Time is unknown in it: ${step}.`)),
    trace.barriers === 'unknown'
      ? line(
          'bad',
          'The recording does not show when the guest waited: nothing that depends on it is said.',
        )
      : undefined,
    trace.synthetic === undefined
      ? undefined
      : line('warn', `The recording is not a real one: ${trace.synthetic}.`),
    environment.virtual === true
      ? line('warn', 'The replays ran in a virtual machine: compare ratios, not absolute times.')
      : undefined,
    environment.governor !== null && environment.governor !== 'performance'
      ? line('warn', `The CPU governor is '${environment.governor}', not 'performance'.`)
      : undefined,
  ];
  const rank: Readonly<Record<Level, number>> = { bad: 0, warn: 1, good: 2 };
  return lines.filter((one) => one !== undefined).sort((a, b) => rank[a.level] - rank[b.level]);
}

function line(level: Level, text: string): Line {
  return { level, text };
}

/** The baseline was replayed as two arms: how far they differ, and what could have been found. */
function controlLine({ claims, rows }: TrustInput): Line {
  const title = METRICS.find(({ id }) => id === claims.primary)?.title ?? claims.primary;
  const rounds = `${claims.rounds} ${claims.rounds === 1 ? 'repeat' : 'repeats'} of each strategy`;
  const control = claims.control?.ratio;
  const apart =
    control === null || control === undefined
      ? ''
      : `; the two arms of ${rows[0].strategy} differ by ${percent(Math.abs(control - 1))} in ${title}`;
  if (claims.detectable === null) {
    return line('warn', `${rounds}${apart}: too few to find a difference of any size.`);
  }
  return line(
    'good',
    `${rounds} in random order${apart}; a difference of ${percent(claims.detectable)} or more would have been found.`,
  );
}

function missingLine({ missing }: TrustInput): Line | undefined {
  if (missing.length === 0) return undefined;
  const shown = missing.slice(0, 3).join(', ');
  const more = missing.length > 3 ? ` and ${missing.length - 3} more` : '';
  return line('warn', `Missing: ${shown}${more}. These rounds are left out of every strategy.`);
}

function fidelityLine({ headers, rows }: TrustInput): Line {
  const classes = headers.flatMap(({ timing }) =>
    timing === undefined ? [] : [timing.fidelity.class],
  );
  const late = Math.max(...rows.map((row) => shownOf(row, 'lateness_p99_ns') ?? 0));
  const p99 = late === 0 ? '' : `: lateness p99 is at most ${formatDuration(late)}`;
  const bad = classes.filter((one) => one === 'not-faithful').length;
  const noisy = classes.filter((one) => one === 'faithful-to-noise').length;
  if (classes.every((one) => one === 'no-schedule')) {
    return line('warn', 'The replays had no schedule to keep: no guest asks as fast as it goes.');
  }
  if (bad > 0) {
    return line('warn', `${bad} of ${classes.length} replays did not keep their schedule${p99}.`);
  }
  if (noisy > 0) {
    return line(
      'good',
      `All replays kept their schedule, ${noisy} of ${classes.length} to within this machine's noise${p99}.`,
    );
  }
  return line('good', `All replays kept their schedule${p99}.`);
}

function countErrors(headers: readonly ResultHeader[]): number {
  return headers.reduce(
    (sum, header) => sum + Object.values(header.summary.errors).reduce((a, b) => a + b, 0),
    0,
  );
}

function provenanceLine(header: ResultHeader): Line {
  switch (header.provenance) {
    case 'hardware':
      return line('good', `Ran on real hardware: ${header.issuer_description}.`);
    case 'lab':
      return line(
        'warn',
        `Ran on a lab kernel with an emulated IOMMU (${header.issuer_description}): sequence and counts are real, times are not those of hardware.`,
      );
    case 'null':
      return line(
        'warn',
        'Ran on the null issuer: times are the cost of the system call path. No IOMMU took part and nothing was invalidated.',
      );
    case 'recording':
      return line('bad', 'Ran on the recording issuer: no system call was made.');
  }
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))} %`;
}
