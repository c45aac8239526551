// The result in words: which strategy wins and by how much, or why none can be named (design 12). A time is
// called better only where it was found; on the null issuer the words speak of counts.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import type { Provenance } from '../../replayer/issuers/issuer.ts';
import { fewestRounds } from '../statistics/family-error.ts';
import { METRICS, SERVICE, STALL_P99, shownOf } from './metrics.ts';
import type { ReportJson, ReportStrategy, ReportValue } from './schema.ts';

export interface HeadlineInput {
  readonly rows: readonly ReportStrategy[];
  readonly claims: ReportJson['claims'];
  readonly provenance: Provenance;
  /** What part of the recording was replayed; null for all of it. */
  readonly part: string | null;
}

export function headline(input: HeadlineInput): ReportJson['headline'] {
  const { rows, claims, part } = input;
  const details = rows.slice(1).map((row) => detail(row, claims));
  const of = part === null ? '' : ` This covers only ${part}.`;
  const said = answer(input);
  return { text: `${said.text}${of}`, winner: said.winner, details };
}

interface Answer {
  readonly text: string;
  readonly winner: string | null;
}

const none = (text: string): Answer => ({ text, winner: null });

function answer({ rows, claims, provenance }: HeadlineInput): Answer {
  const [baseline, ...others] = rows;
  if (others.length === 0) {
    const same = baseline.same_as;
    if (same.length === 0)
      return none(`${baseline.strategy} is the only strategy: nothing is compared.`);
    return none(
      `${names(baseline)} issue exactly the same calls at the same moments on this recording.`,
    );
  }
  if (provenance === 'null' || provenance === 'recording') return none(countsText(rows));
  if (claims.no_times !== null) return none(`No winner: ${claims.no_times}`);
  const primary = claims.primary;
  const what = primary === SERVICE ? 'time in ioctls' : 'stall';
  const safe = others.filter((row) => row.verdict === 'strict');
  const better = safe
    .filter((row) => row.values[primary]?.found === true && ratioOf(row, primary) < 1)
    .sort((a, b) => ratioOf(a, primary) - ratioOf(b, primary));
  if (better.length > 0) {
    const [winner] = better;
    const value = winner.values[primary];
    return {
      text: `${winner.strategy} ${primary === SERVICE ? 'spends' : 'stalls the guest'} ${percentLess(value)} less${primary === SERVICE ? ` ${what}` : ''} than ${baseline.strategy} (95 %: ${intervalText(value)}); ${sideText(winner, baseline, primary)}.`,
      winner: winner.strategy,
    };
  }
  const bounds = safe.map((row) => row.values[primary]).filter((value) => value?.found !== true);
  const least = bounds.map((value) => value?.ratio_low ?? null);
  if (safe.length === 0) return none(`No strategy but ${baseline.strategy} is safe.`);
  if (least.includes(null)) {
    return none(
      `${claims.rounds} ${claims.rounds === 1 ? 'repeat is' : 'repeats are'} too few to find a difference in ${what}: ${fewestRounds(others.length, claims.control !== null)} are needed.`,
    );
  }
  if (least.length === 0)
    return none(`No safe strategy has less ${what} than ${baseline.strategy}.`);
  const most = (1 - Math.min(...least.map(Number))) * 100;
  return none(
    `No safe strategy was found to have less ${what} than ${baseline.strategy}; a saving of more than ${digits(most)} % is ruled out.`,
  );
}

/** On the null issuer: who makes fewer calls, and that times are those of the system call path. */
function countsText(rows: readonly ReportStrategy[]): string {
  const [baseline, ...others] = rows;
  const calls = (row: ReportStrategy): number => shownOf(row, 'ioctls') ?? Number.POSITIVE_INFINITY;
  const fewest = others
    .filter((row) => row.verdict === 'strict' && calls(row) < calls(baseline))
    .sort((a, b) => calls(a) - calls(b));
  const end = 'Times are those of the system call path only: no IOMMU took part.';
  if (fewest.length === 0) {
    return `No safe strategy makes fewer ioctls than ${baseline.strategy} (${formatCount(calls(baseline))}) on this recording. ${end}`;
  }
  const [least] = fewest;
  const held = least.holds_back ? ', and holds barriers back for it' : '';
  return `${least.strategy} makes ${formatCount(calls(least))} ioctls where ${baseline.strategy} makes ${formatCount(calls(baseline))}${held}. ${end}`;
}

/** The other of stall and time in ioctls, so that a winner's cost is said. */
function sideText(winner: ReportStrategy, baseline: ReportStrategy, primary: string): string {
  const [id, what] = primary === SERVICE ? [STALL_P99, 'stall p99'] : [SERVICE, 'time in ioctls'];
  const value = winner.values[id];
  if (value === undefined) return `${what} was not measured`;
  const both = `${formatDuration(value.value)}, against ${formatDuration(shownOf(baseline, id))}`;
  if (value.ratio === null) return `${what} is ${both}`;
  if (!value.found) return `no difference was found in ${what} (${both})`;
  return `its ${what} is × ${ratioText(value)} (${both})`;
}

function detail(row: ReportStrategy, claims: ReportJson['claims']): string {
  const title = METRICS.find(({ id }) => id === claims.primary)?.title ?? claims.primary;
  const primary = row.values[claims.primary];
  const found =
    primary?.found === true ? '' : claims.no_times === null ? ', no difference found' : '';
  return [
    `${row.strategy}: ${title} ${primary === undefined ? 'not measured' : `× ${ratioText(primary)}${found}`}`,
    `ioctls × ${digitsOf(row.values.ioctls?.ratio)}`,
    verdictText(row),
    ...(row.same_as.length === 0 ? [] : [`the same as ${row.same_as.join(', ')}`]),
  ].join('; ');
}

function verdictText(row: ReportStrategy): string {
  return row.requests_exposed === 0
    ? row.verdict
    : `${row.verdict}: ${formatCount(row.requests_exposed)} requests exposed`;
}

function names(row: ReportStrategy): string {
  return [row.strategy, ...row.same_as].join(', ');
}

function ratioOf(row: ReportStrategy, id: string): number {
  return row.values[id]?.ratio ?? 1;
}

/** `0.62 (95 %: 0.60 to 0.64)`. */
function ratioText(value: ReportValue): string {
  const { ratio, ratio_low, ratio_high, exact } = value;
  if (ratio === null) return '–';
  if (exact) return digitsOf(ratio);
  if (ratio_low === null || ratio_high === null)
    return `${digitsOf(ratio)} (too few repeats for an interval)`;
  return `${digitsOf(ratio)} (95 %: ${digitsOf(ratio_low)} to ${digitsOf(ratio_high)})`;
}

function percentLess(value: ReportValue | undefined): string {
  return `${digits((1 - (value?.ratio ?? 1)) * 100)} %`;
}

function intervalText(value: ReportValue | undefined): string {
  const { ratio_low, ratio_high } = value ?? {};
  const less = (ratio: number | null | undefined): string =>
    typeof ratio === 'number' ? digits((1 - ratio) * 100) : '…';
  return `${less(ratio_high)} to ${less(ratio_low)} %`;
}

function digits(value: number): string {
  return String(Number(value.toPrecision(2)));
}

function digitsOf(ratio: number | null | undefined): string {
  return ratio === null || ratio === undefined ? '–' : ratio.toFixed(2);
}
