// `iotlb bench-host`: what a call costs while other streams make theirs, and from how many on it costs more.

import {
  ToolError,
  formatCount,
  formatDuration,
  jsonText,
  parseCount,
  textTable,
  watchInterrupt,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { Option } from 'commander';

import { dialects } from '../dialects/index.ts';
import { issuers } from '../issuers/index.ts';
import { requireCarries } from '../issuers/carries.ts';
import {
  contend,
  contendingRequests,
  kneeOf,
  spreadOf,
  type ContentionPoint,
  type Spread,
} from '../loop/contention.ts';
import { Lanes } from '../loop/lanes.ts';
import { allowedCpus } from '../loop/thread-class.ts';
import { planTraces } from '../planner/index.ts';
import { parseChain } from '../strategies/chain.ts';

interface Options {
  readonly streams: string;
  readonly hwpts: 'one' | 'each';
  readonly threads: 'one' | 'each';
  readonly rounds: string;
  readonly seconds: string;
  readonly issuer: string;
  readonly dialect: string;
  readonly device?: string;
  readonly json: boolean;
}

interface Row {
  readonly streams: number;
  readonly threads: number;
  readonly service: Spread;
  readonly mean: Spread;
  readonly p99: Spread;
  readonly rate: Spread;
  readonly rounds: readonly ContentionPoint[];
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .option('--streams <list>', 'streams that ask at the same time', '1,2,4,8,16,32')
    .addOption(
      new Option('--hwpts <which>', 'one host object for all streams, or one each')
        .choices(['one', 'each'])
        .default('one'),
    )
    .addOption(
      new Option('--threads <which>', 'one thread for all streams, or one each, as far as CPUs go')
        .choices(['one', 'each'])
        .default('each'),
    )
    .option('--rounds <count>', 'times that every point is measured', '5')
    .option('--seconds <count>', 'how long each time', '10')
    .option('-i, --issuer <name>', `who makes the calls: ${issuers.names.join(', ')}`, 'null')
    .option(
      '--dialect <name>',
      `interface that is called: ${dialects.names.join(', ')}`,
      'hwpt-vtd-s1',
    )
    .option('--device <address>', 'PCI address of the one device to use, bound to vfio-pci')
    .option('--json', 'print one JSON document with every round', false)
    .action(async (options: Options) => {
      await run(options, terminal());
    });
};

async function run(options: Options, terminal: Terminal): Promise<void> {
  const counts = options.streams.split(',').map((text) => parseCount(text, '--streams'));
  const rounds = parseCount(options.rounds, '--rounds');
  const seconds = parseCount(options.seconds, '--seconds');
  if (rounds < 1 || seconds < 1 || counts.some((count) => count < 1 || count > 1_000))
    throw new ToolError(
      'E_USAGE',
      'bench-host needs 1 to 1,000 streams, a round and a second at least',
    );
  const issuer = issuers.get(options.issuer);
  const dialect = dialects.get(options.dialect);
  requireCarries(issuer, dialect);
  const missing = issuer.missing(dialect, { device: options.device });
  if (missing !== undefined)
    throw new ToolError(
      'E_NO_DEVICE',
      `issuer '${issuer.name}' cannot run here: ${missing}. Nothing was issued.`,
    );
  using interrupt = watchInterrupt();
  const cpus = options.threads === 'one' ? allowedCpus().slice(0, 1) : undefined;
  const lanes = new Lanes({ cpus, class: 'other' });
  const points = new Map<number, ContentionPoint[]>(counts.map((count) => [count, []]));
  const progress = terminal.progress('measuring', counts.length * rounds);
  let ranOn = '';
  try {
    for (let round = 0, done = 0; round < rounds; round++) {
      for (const streams of counts) {
        if (interrupt.requested) break;
        const requests = contendingRequests(streams, options.hwpts);
        const [plan] = planTraces([requests], [parseChain('none')], dialect);
        const session = issuer.open(dialect, { device: options.device });
        ranOn = session.description;
        try {
          points.get(streams)?.push(await contend({ plan, session, lanes, seconds, interrupt }));
        } finally {
          session.close();
        }
        progress.update(++done);
      }
    }
  } finally {
    progress.stop();
    await lanes.close();
  }
  const rows = [...points.values()].filter((each) => each.length > 0).map(rowOf);
  const knee = kneeOf(rows);
  if (options.json) {
    const { hwpts, threads } = options;
    terminal.answer(
      jsonText(
        {
          issuer: issuer.name,
          dialect: dialect.name,
          ran_on: ranOn,
          hwpts,
          threads,
          knee: knee ?? null,
          points: rows,
        },
        2,
      ),
    );
    return;
  }
  terminal.answer(
    `ran on ${ranOn}; ${dialect.name}, ${options.hwpts} host object, ${options.threads} thread`,
  );
  terminal.answer(table(rows));
  terminal.answer(
    knee === undefined
      ? 'no knee: the median call takes no longer beside others (less than 1.5 × as long as alone)'
      : `knee: from ${formatCount(knee)} streams on the median call takes over 1.5 × as long as alone`,
  );
}

function rowOf(rounds: readonly ContentionPoint[]): Row {
  const spread = (pick: (point: ContentionPoint) => number): Spread => spreadOf(rounds.map(pick));
  return {
    streams: rounds[0].streams,
    threads: rounds[0].threads,
    service: spread((point) => point.serviceP50Ns),
    mean: spread((point) => point.serviceMeanNs),
    p99: spread((point) => point.serviceP99Ns),
    rate: spread((point) => point.callsPerSecond),
    rounds,
  };
}

function table(rows: readonly Row[]): string {
  const time = ({ low, median, high }: Spread): string =>
    `${formatDuration(median)} (${formatDuration(low)} to ${formatDuration(high)})`;
  const rate = ({ low, median, high }: Spread): string =>
    `${formatCount(Math.round(median))} (${formatCount(Math.round(low))} to ${formatCount(Math.round(high))})`;
  return textTable(
    [
      ['streams', 'threads', 'a call, p50', 'mean', 'p99', 'calls per second'],
      ...rows.map((row) => [
        formatCount(row.streams),
        formatCount(row.threads),
        time(row.service),
        time(row.mean),
        time(row.p99),
        rate(row.rate),
      ]),
    ],
    [true, true, true, true, true, true],
  );
}
