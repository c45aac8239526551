// `iotlb replay`: issues a recording again under one strategy, with its timing, and says what came of it.

import {
  EXIT,
  Output,
  formatCount,
  jsonText,
  watchInterrupt,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { selectedPart } from '../../collector/select/cut.ts';
import { addOwnerFlags, ownerFlags, type SelectFlags } from '../../collector/select/flags.ts';
import { dialects } from '../dialects/index.ts';
import { requireUsable } from '../issuers/require-usable.ts';
import { requireCarries } from '../issuers/carries.ts';
import { issuers } from '../issuers/index.ts';
import { Lanes } from '../loop/lanes.ts';
import { pacingText } from '../loop/schedule.ts';
import { writeResult } from '../result/file.ts';
import { refuseNarrowed } from '../planner/index.ts';
import {
  replay,
  replayDocument,
  type PlannedTrace,
  type Replay,
  type ReplayOptions,
} from '../result/replay.ts';
import { openChain } from '../strategies/user-strategy.ts';
import { addClassFlag, classFor, type ClassFlag } from './class-flag.ts';
import { parseCpuList } from './cpu-list.ts';
import { addDialectFlag, dialectOf, type DialectFlags } from './dialect-flag.ts';
import { addLimitFlags, enforceLimits, limitsOf, type LimitFlags } from './limit-flags.ts';
import { addPacingFlags, paceOf, type PacingFlags } from './pacing-flags.ts';
import { verdictText } from './verdict-text.ts';
import { planReplays, type ReplayLoopFlags } from './replay-plan.ts';
import { tellLength } from './replay-length.ts';
import { replayScreen } from './replay-screen.ts';

interface Options
  extends PacingFlags, LimitFlags, ClassFlag, ReplayLoopFlags, DialectFlags, SelectFlags {
  readonly allowNarrowed: boolean;
  readonly strategy: string;
  readonly issuer: string;
  readonly device?: string;
  readonly cpus?: string;
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
    .option('-i, --issuer <name>', `who makes the calls: ${issuers.names.join(', ')}`, 'null')
    .option('--device <address>', 'PCI address of the one device to use, bound to vfio-pci');
  addDialectFlag(command);
  addPacingFlags(command);
  addOwnerFlags(command);
  command.option(
    '--cpus <list>',
    'issue on these CPUs, one pinned thread each, such as 1,2 or 2-5',
  );
  addClassFlag(command);
  addLimitFlags(command);
  command
    .option(
      '--allow-narrowed',
      'replay although the dialect leaves out pages that the guest asked for',
      false,
    )
    .option('--stop-on-error', 'end at the first ioctl that fails', false)
    .option('-o, --output <file>', 'write every sample to this result file')
    .option('--force', 'overwrite the output', false)
    .option('--dry-run', 'plan and say what would be issued; issue nothing', false)
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', `\nDialects:\n${dialectHelp()}\n\nIssuers:\n${issuerHelp()}`)
    .action(async (path: string, options: Options) => {
      await run(path, options, terminal());
    });
};

async function run(original: string, options: Options, terminal: Terminal): Promise<void> {
  const pace = paceOf(options);
  const limits = limitsOf(options);
  const cpus = options.cpus === undefined ? undefined : parseCpuList(options.cpus, '--cpus');
  const issuer = issuers.get(options.issuer);
  const dialect = dialectOf(original, options);
  requireCarries(issuer, dialect);
  const chain = await openChain(options.strategy);
  const output =
    options.output === undefined
      ? undefined
      : new Output(options.output, { force: options.force, inputs: [original] });
  using part = selectedPart(original, ownerFlags(options));
  const [planned] = planReplays(part.path, [chain], dialect, pace, options);
  if (!options.dryRun) refuseNarrowed(planned.plan.facts, options.allowNarrowed);
  if (options.dryRun) {
    const { facts } = planned.plan;
    if (options.json) terminal.answer(jsonText(facts, 2));
    else
      terminal.answer(
        `would issue ${formatCount(facts.steps)} ioctls with ${formatCount(facts.entries)} entries, ${pacingText(pace.pacing)}${pace.passes === 1 ? '' : `, ${formatCount(pace.passes)} times over`}, through ${issuer.name}; ${verdictText(facts)}. Nothing was issued.`,
      );
    return;
  }
  for (const step of planned.trace.clock_steps ?? []) terminal.warn(step);
  tellLength(planned.plan, pace, terminal);
  const issuerOptions = { device: options.device };
  requireUsable(issuer, dialect, issuerOptions);
  using interrupt = watchInterrupt();
  const progress = terminal.progress('replaying', planned.plan.facts.steps * pace.passes);
  const lanes = new Lanes({ cpus, class: classFor(options.class, pace) });
  const result = await replayAndClose(planned, {
    issuer,
    issuerOptions,
    pacing: pace.pacing,
    passes: pace.passes,
    ...(pace.maxGapNs === undefined ? {} : { maxGapNs: pace.maxGapNs }),
    lanes,
    stopOnError: options.stopOnError,
    comparisonId: 'single',
    repeat: 0,
    interrupt,
    progress,
  });
  if (output !== undefined) {
    writeResult(output, result.header, result.streams);
    terminal.story(`samples in ${output.path}`);
  }
  terminal.answer(
    options.json ? jsonText(replayDocument(result.header), 2) : replayScreen(result.header),
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
  enforceLimits(result.header, limits);
}

/** Ends the progress and the threads whatever happens. */
async function replayAndClose(planned: PlannedTrace, options: ReplayOptions): Promise<Replay> {
  try {
    return await replay(planned, options);
  } finally {
    options.progress.stop();
    await options.lanes.close();
  }
}

function dialectHelp(): string {
  return dialects.entries.map((entry) => `  ${entry.name.padEnd(19)}${entry.summary}`).join('\n');
}

/** With the dialects of those that do not carry all. */
function issuerHelp(): string {
  return issuers.entries
    .flatMap((entry) => [
      `  ${entry.name.padEnd(12)}${entry.summary}`,
      ...(entry.dialects.length === dialects.names.length
        ? []
        : [`${' '.repeat(14)}carries ${entry.dialects.join(', ')}`]),
    ])
    .join('\n');
}
