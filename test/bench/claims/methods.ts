// Which method may say that a difference was found? Draws comparisons from a pool of real replays and counts, for
// each method, how often it claims a difference between arms of the same strategy (any claim in a comparison
// counts) and how often it finds planted work. Comparisons share rounds, so the interval beside a share is of as
// many comparisons as the pool has disjoint ones.
//   node dist/test/bench/claims/methods.js POOL.jsonl … [--draws 500]

import { Random, median, shuffled, textTable } from '../../../collector/base/index.ts';
import { cappedTotals } from './capped.ts';
import { chanceOf, type Round } from '../../../analysis/statistics/randomisation.ts';
import { readPool, type PoolReplay } from './pool.ts';
import { signTest, studentTest } from './classic-tests.ts';

const ALPHA = 0.05;
const STRATEGIES = 3;
const RESAMPLES = 2000;
const REPEATS = [6, 10, 20];

/** Of one strategy in one comparison: totals per round, and the baseline's two arms. */
interface Arms {
  readonly strategy: readonly number[];
  readonly baseline: readonly (readonly number[])[];
}

type Method = (arms: Arms, alpha: number) => boolean;

const logs = ({ strategy, baseline }: Arms): readonly Round[] =>
  strategy.map((value, round) => ({
    strategy: Math.log(value),
    baseline: baseline.map((arm) => Math.log(arm[round])),
  }));
const shifts = (arms: Arms): readonly number[] =>
  logs(arms).map(({ strategy, baseline }) => strategy - (baseline[0] + baseline[1]) / 2);

const METHODS: Readonly<Record<string, Method>> = {
  'sign test': (arms, alpha) => signTest(shifts(arms)) <= alpha,
  'paired t': (arms, alpha) => studentTest(shifts(arms)) <= alpha,
  'bootstrap of the median ratio (as before)': ({ strategy, baseline: [base] }) =>
    bootstrapClaims(strategy.map((value, i) => value / base[i])),
  randomisation: (arms, alpha) => chanceOf(logs(arms)) <= alpha,
};

function bootstrapClaims(ratios: readonly number[]): boolean {
  const random = new Random(1);
  const medians = Float64Array.from({ length: 500 }, () =>
    median(ratios.map(() => ratios[random.below(ratios.length)])),
  ).sort();
  return medians[487] < 1 || medians[12] > 1;
}

interface Drawn {
  readonly session: string;
  /** Claims by `statistic, method`, for each strategy of the comparison. */
  readonly claims: ReadonlyMap<string, readonly boolean[]>;
  readonly planted: string | undefined;
}

const args = process.argv.slice(2);
const at = args.indexOf('--draws');
const draws = at === -1 ? 500 : Number(args[at + 1]);
const paths = at === -1 ? args : args.filter((_, i) => i !== at && i !== at + 1);
const pool = paths.flatMap((path) => readPool(path));
const sessions = groupBy(pool, ({ session }) => session);
const random = new Random(19);

for (const repeats of REPEATS) {
  for (const planted of [undefined, '+2%', '+5%']) {
    const drawn = [...sessions].flatMap(([session, replays]) =>
      Array.from({ length: draws }, () => draw(session, replays, repeats, planted)),
    );
    report(
      repeats,
      planted,
      drawn.filter((one) => one !== undefined),
    );
  }
}

/** Two baseline arms and three strategies, of which the planted one is the first; rounds without putting back. */
function draw(
  session: string,
  replays: readonly PoolReplay[],
  repeats: number,
  planted: string | undefined,
): Drawn | undefined {
  const rounds = [...groupBy(replays, ({ round }) => round).values()].filter(
    (round) => round.length === 8,
  );
  if (rounds.length < repeats) return undefined;
  const chosen = shuffled(rounds, random).slice(0, repeats);
  const same = shuffled(['none#0', 'none#1', 'none#2', 'none#3', 'none#4', 'none#5'], random);
  const names = [
    ...same.slice(0, 2),
    ...(planted === undefined ? [] : [planted]),
    ...same.slice(2),
  ];
  const arms = names.slice(0, 2 + STRATEGIES);
  const all = arms.flatMap((arm) =>
    chosen.map((round) => round.find((one) => one.arm === arm)?.stalls_ns ?? []),
  );
  const cut = (totals: readonly number[]): readonly (readonly number[])[] =>
    arms.map((_, i) => totals.slice(i * repeats, (i + 1) * repeats));
  const statistics = {
    total: cut(all.map((stalls) => stalls.reduce((a, b) => a + b, 0))),
    capped: cut(cappedTotals(all, arms.length).totals),
  };
  const claims = new Map<string, readonly boolean[]>();
  for (const [statistic, byArm] of Object.entries(statistics)) {
    for (const [name, method] of Object.entries(METHODS)) {
      const said = byArm
        .slice(2)
        .map((strategy) => method({ strategy, baseline: byArm.slice(0, 2) }, ALPHA / STRATEGIES));
      claims.set(`${statistic}, ${name}`, said);
    }
  }
  return { session, claims, planted };
}

function report(repeats: number, planted: string | undefined, drawn: readonly Drawn[]): void {
  if (drawn.length === 0) {
    process.stdout.write(`\n${repeats} repeats: no session of the pool has so many rounds\n`);
    return;
  }
  const title =
    planted === undefined ? 'some claim between arms of one strategy' : `${planted} of work found`;
  const names = [...drawn[0].claims.keys()];
  const rows = names.map((name) => {
    const hits = drawn.map(({ claims }) => {
      const said = claims.get(name) ?? [];
      return planted === undefined ? said.some(Boolean) : said[0];
    });
    const [low, high] = spread(hits, disjoint(repeats));
    return [name, percent(share(hits)), `${percent(low)} to ${percent(high)}`];
  });
  process.stdout.write(
    `\n${repeats} repeats, ${drawn.length} comparisons of ${sessions.size} sessions: ${title}\n${textTable([['statistic, method', 'share', `95 % of ${disjoint(repeats)} comparisons`], ...rows], [false, true, false])}\n`,
  );
}

function share(hits: readonly boolean[]): number {
  return hits.filter(Boolean).length / hits.length;
}

function percent(value: number): string {
  return `${(value * 100).toFixed(1)} %`;
}

/** Comparisons of so many repeats that share no round. */
function disjoint(repeats: number): number {
  return [...sessions.values()].reduce(
    (sum, replays) => sum + Math.floor(new Set(replays.map(({ round }) => round)).size / repeats),
    0,
  );
}

function groupBy<K, V>(values: readonly V[], keyOf: (value: V) => K): ReadonlyMap<K, readonly V[]> {
  const groups = new Map<K, V[]>();
  for (const value of values) {
    const group = groups.get(keyOf(value));
    if (group === undefined) groups.set(keyOf(value), [value]);
    else group.push(value);
  }
  return groups;
}

function spread(hits: readonly boolean[], independent: number): readonly [number, number] {
  const shares = Float64Array.from({ length: RESAMPLES }, () => {
    let count = 0;
    for (let i = 0; i < independent; i++) if (hits[random.below(hits.length)]) count++;
    return count / independent;
  }).sort();
  return [shares[Math.floor(0.025 * RESAMPLES)], shares[Math.ceil(0.975 * RESAMPLES) - 1]];
}
