// `iotlb replay`: issues a recording again under one strategy, with its timing, and says what came of it.

import { Option } from 'commander';

import {
  EXIT,
  ToolError,
  formatCount,
  formatDuration,
  jsonText,
  textTable,
  watchInterrupt,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { refuseOverwrite } from '../../collector/format/index.ts';
import { dialects } from '../dialects/index.ts';
import { issuers } from '../issuers/index.ts';
import { pacingText } from '../loop/schedule.ts';
import { writeResult } from '../result/file.ts';
import type { ResultHeader } from '../result/header.ts';
import { provenanceText } from '../result/provenance-text.ts';
import type { Percentiles } from '../result/percentiles.ts';
import { planRecording, replay, replayDocument } from '../result/replay.ts';
import { openChain } from '../strategies/user-strategy.ts';
import { pacingOf } from './pacing.ts';
import { verdictText } from './plan.ts';

interface Options {
  readonly strategy: string;
  readonly dialect: string;
  readonly issuer: string;
  readonly device?: string;
  readonly speed?: string;
  readonly rate?: string;
  readonly asap: boolean;
  readonly stopOnError: boolean;
  readonly output?: string;
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<recording>', 'a recording')
    .option('-s, --strategy <chain>', "how requests are grouped (see 'iotlb plan --list')", 'none')
    .option('-d, --dialect <name>', `kernel interface: ${dialects.names.join(', ')}`, 'hwpt-vtd-s1')
    .option('-i, --issuer <name>', `who makes the calls: ${issuers.names.join(', ')}`, 'null')
    .option('--device <address>', 'PCI address of the one device to use, bound to vfio-pci')
    .addOption(
      new Option(
        '--speed <factor>',
        'recorded timing, so many times as fast (default 1x)',
      ).conflicts(['rate', 'asap']),
    )
    .addOption(
      new Option('--rate <per-second>', 'a constant rate instead, such as 20k/s').conflicts([
        'speed',
        'asap',
      ]),
    )
    .addOption(
      new Option('--asap', 'as fast as it goes').default(false).conflicts(['speed', 'rate']),
    )
    .option('--stop-on-error', 'end at the first ioctl that fails', false)
    .option('-o, --output <file>', 'write every sample to this result file')
    .option('--force', 'overwrite the output', false)
    .option('--dry-run', 'plan and say what would be issued; issue nothing', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', `\nIssuers:\n${issuerHelp()}`)
    .action(async (path: string, options: Options) => {
      await run(path, options, terminal());
    });
};

async function run(path: string, options: Options, terminal: Terminal): Promise<void> {
  const pacing = pacingOf(options);
  const issuer = issuers.get(options.issuer);
  const dialect = dialects.get(options.dialect);
  const chain = await openChain(options.strategy);
  if (options.output !== undefined) refuseOverwrite(options.output, options.force);
  const planned = planRecording(path, chain, dialect);
  if (options.dryRun) {
    const { facts } = planned.plan;
    if (options.json) terminal.answer(jsonText(facts, 2));
    else
      terminal.answer(
        `would issue ${formatCount(facts.steps)} ioctls with ${formatCount(facts.entries)} entries, ${pacingText(pacing)}, through ${issuer.name}; ${verdictText(facts)}. Nothing was issued.`,
      );
    return;
  }
  const issuerOptions = { device: options.device };
  const missing = issuer.missing(issuerOptions);
  if (missing !== undefined) {
    throw new ToolError(
      'E_NO_DEVICE',
      `issuer '${issuer.name}' cannot run here: ${missing}. Nothing was issued.`,
      {
        hint: "see 'iotlb doctor' for what this host can do; --issuer null works everywhere",
      },
    );
  }
  using interrupt = watchInterrupt();
  const progress = terminal.progress('replaying', planned.plan.facts.steps);
  const result = await replay(planned, {
    issuer,
    issuerOptions,
    pacing,
    stopOnError: options.stopOnError,
    comparisonId: 'single',
    repeat: 0,
    interrupt,
    progress,
  }).finally(() => progress.stop());
  if (options.output !== undefined) {
    writeResult(options.output, result.header, result.streams);
    terminal.story(`samples in ${options.output}`);
  }
  terminal.answer(
    options.json ? jsonText(replayDocument(result.header), 2) : screen(result.header),
  );
  if (result.header.interrupted) {
    terminal.warn(
      `interrupted: ${formatCount(result.header.summary.ioctls)} ioctls were made; what was measured until then is kept`,
    );
    process.exitCode = EXIT.interrupted;
  } else if (result.header.stopped) {
    terminal.warn('ended at the first error, as asked; the rest was not issued');
    process.exitCode = EXIT.host;
  }
}

function screen(header: ResultHeader): string {
  const { plan, summary } = header;
  const row = (name: string, values: Percentiles): readonly string[] => [
    `  ${name}`,
    ...[values.p50, values.p90, values.p99, values.p999, values.max].map(formatDuration),
  ];
  const errors = Object.entries(summary.errors).map(
    ([name, count]) => `${formatCount(count)} × ${name}`,
  );
  return [
    `${plan.strategy}, ${plan.dialect}, ${header.pacing}`,
    `  ran on      ${provenanceText(header)}`,
    `  verdict     ${plan.verdict.class}`,
    `  issued      ${formatCount(summary.ioctls)} ioctls, ${formatCount(summary.issued_entries)} entries, ${formatCount(summary.entries_done)} done${header.fanout === 0 ? '' : `, ${formatCount(header.fanout)} by fan-out`}`,
    `  errors      ${errors.length === 0 ? 'none' : errors.join(', ')}${header.provenance === 'null' ? ' (the null issuer is always refused)' : ''}`,
    `  time        asked ${formatDuration(summary.asked_ns)}, achieved ${formatDuration(summary.achieved_ns)}, drift ${formatDuration(summary.drift_ns)}`,
    '',
    textTable(
      [
        ['', 'p50', 'p90', 'p99', 'p99.9', 'max'],
        row('lateness', summary.lateness_ns),
        row('service', summary.service_ns),
        row('response', summary.response_ns),
        row('stall', summary.stall_ns),
      ],
      [false, true, true, true, true, true],
    ),
  ].join('\n');
}

function issuerHelp(): string {
  return issuers.entries.map((entry) => `  ${entry.name.padEnd(12)}${entry.summary}`).join('\n');
}
