// `iotlb plan --what-if-waiters`: from how many CPUs on a grouping would pay, if the guest were larger.

import {
  ToolError,
  formatCount,
  formatDuration,
  jsonText,
  parseCount,
  parseDurationNs,
  textTable,
  type Terminal,
} from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { loopOptions, type LoopFlags } from '../closed-loop/flags.ts';
import { LoopRowSource } from '../closed-loop/loop-rows.ts';
import { Submissions } from '../closed-loop/submissions.ts';
import { waiterNumbers } from '../closed-loop/waiters.ts';
import type { Dialect } from '../dialects/index.ts';
import { DEFAULT_SERVICE, openService } from '../simulation/service.ts';
import { paysFrom, whatIf, type WhatIfRow } from '../simulation/what-if.ts';
import type { StrategyChain } from '../strategies/chain.ts';

export interface WhatIfFlags extends LoopFlags {
  readonly whatIfWaiters: string;
  readonly whatIfIntervals: string;
  readonly speed: string;
  readonly seed: string;
  readonly service?: string;
}

export function showWhatIf(
  path: string,
  chains: readonly StrategyChain[],
  how: {
    readonly dialect: Dialect;
    readonly flags: WhatIfFlags;
    readonly json: boolean;
    readonly terminal: Terminal;
  },
): void {
  const { dialect, flags, json, terminal } = how;
  using reader = openTrace(path, { words: dialect.readsWords });
  const waiters = waiterNumbers(reader.header, 1);
  const rows = new LoopRowSource(dialect, waiters);
  const submissions = new Submissions();
  try {
    for (const batch of reader.batches()) submissions.push(rows.take(batch));
    submissions.end();
    const { family } = reader.header.iommu;
    const service = openService(flags.service ?? DEFAULT_SERVICE, dialect);
    const { ofEntries } = service;
    if (ofEntries === undefined) {
      throw new ToolError('E_USAGE', '--what-if-waiters takes a written --service', {
        hint: 'such as 2us or 300ns+40ns/entry',
      });
    }
    const groupings = chains.map((chain) => chain.grouping);
    const protocol = family === 'smmuv3' && flags.serial === undefined ? 'owner' : 'locks';
    const speed = Number(flags.speed);
    if (!(speed > 0)) throw new ToolError('E_USAGE', `--speed: '${flags.speed}' is not above 0`);
    const setup = {
      chains,
      waiters: flags.whatIfWaiters.split(',').map((n) => parseCount(n, '--what-if-waiters')),
      exitsNs: times(flags.exit, '--exit'),
      pollsNs: times(flags.poll, '--poll'),
      protocol,
      options: loopOptions({ ...flags, exit: '0ns', poll: '0ns' }, family, groupings),
      serviceNs: ofEntries,
      speed,
      intervals: parseCount(flags.whatIfIntervals, '--what-if-intervals'),
      seed: parseCount(flags.seed, '--seed'),
    } as const;
    const found = whatIf(submissions, setup);
    if (found.length === 0) {
      throw new ToolError('E_EMPTY', `${path} has no interval with a request and a think time`, {
        hint: 'a what-if needs a recording in which waiters wait more than once',
      });
    }
    const { options, intervals, seed } = setup;
    const facts = {
      protocol,
      serial: options.serial,
      service: service.text,
      speed,
      intervals,
      seed,
    };
    terminal.answer(
      json
        ? jsonText({ what_if: { ...facts, rows: found, pays_from: paysAll(found, chains) } }, 2)
        : whatIfText(found, chains, facts).join('\n'),
    );
  } finally {
    submissions.close();
  }
}

interface Facts {
  readonly protocol: string;
  readonly serial: string;
  readonly service: string;
  readonly speed: number;
  readonly intervals: number;
  readonly seed: number;
}

interface Pays {
  readonly exit_ns: number;
  readonly poll_ns: number;
  readonly strategy: string;
  /** Fewest CPUs; null where it never does. */
  readonly waiters: number | null;
}

/** `0ns,5us` in ns; 0 where nothing is given. */
function times(text: string | undefined, flag: string): readonly number[] {
  return (text ?? '0ns').split(',').map((each) => parseDurationNs(each, flag));
}

function costsOf(rows: readonly WhatIfRow[]): readonly (readonly [number, number])[] {
  const seen = new Map(rows.map((row) => [`${row.exit_ns} ${row.poll_ns}`, row]));
  return [...seen.values()].map((row) => [row.exit_ns, row.poll_ns]);
}

function paysAll(rows: readonly WhatIfRow[], chains: readonly StrategyChain[]): readonly Pays[] {
  return costsOf(rows).flatMap(([exitNs, pollNs]) => {
    const theirs = rows.filter((row) => row.exit_ns === exitNs && row.poll_ns === pollNs);
    return chains.slice(1).map(({ text }) => ({
      exit_ns: exitNs,
      poll_ns: pollNs,
      strategy: text,
      waiters: paysFrom(theirs, text, chains[0].text),
    }));
  });
}

function whatIfText(
  rows: readonly WhatIfRow[],
  chains: readonly StrategyChain[],
  facts: Facts,
): readonly string[] {
  const how =
    facts.protocol === 'owner'
      ? "SMMUv3's owner protocol: doorbells gather what CPUs ask meanwhile"
      : `the guest driver's locks, serial ${facts.serial}`;
  const out = [
    `A what-if, not a replay: each CPU asks ${formatCount(facts.intervals)} times as a recorded one does, think times divided by ${facts.speed}, seed ${facts.seed}, service ${facts.service}; ${how}`,
  ];
  for (const [exitNs, pollNs] of costsOf(rows)) {
    const theirs = rows.filter((row) => row.exit_ns === exitNs && row.poll_ns === pollNs);
    out.push(
      '',
      `exit ${formatDuration(exitNs)}, poll ${formatDuration(pollNs)}`,
      curve(theirs, chains),
    );
    for (const { text } of chains.slice(1)) {
      const from = paysFrom(theirs, text, chains[0].text);
      out.push(
        from === null
          ? `${text} never stalls the guest less than ${chains[0].text} here, up to the largest number`
          : `${text} stalls the guest less than ${chains[0].text} from ${from} CPUs on`,
      );
    }
  }
  return out;
}

/** Stall and calls by number of CPUs. */
function curve(rows: readonly WhatIfRow[], chains: readonly StrategyChain[]): string {
  const numbers = [...new Set(rows.map((row) => row.waiters))];
  const head = [
    'CPUs',
    'waits',
    ...chains.flatMap(({ text }) => [`${text}: stall`, 'calls', 'doorbells']),
  ];
  const lines = numbers.map((waiters) => {
    const here = rows.filter((row) => row.waiters === waiters);
    return [
      String(waiters),
      formatCount(here[0].waits),
      ...chains.flatMap(({ text }) => {
        const row = here.find((one) => one.strategy === text);
        return row === undefined
          ? ['–', '–', '–']
          : [
              formatDuration(row.stall_total_ns),
              formatCount(row.calls),
              formatCount(row.doorbells),
            ];
      }),
    ];
  });
  return textTable(
    [head, ...lines],
    head.map(() => true),
  );
}
