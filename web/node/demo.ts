// `iotlb demo`: the whole path on the recording that ships with the project. Plans, replays, loads,
// compares and writes one page; uses no device unless told to.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import {
  EXIT,
  Output,
  OutputFolder,
  jsonText,
  parseCount,
  watchInterrupt,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { compareStrategies } from '../../analysis/compare/compare.ts';
import { DEMO_REPLAYS, DEFAULT_STRATEGIES } from '../../analysis/compare/defaults.ts';
import { IN_MEMORY } from '../../analysis/store/index.ts';
import { comparisonTable } from '../../analysis/report/text-table.ts';
import { dialects } from '../../replayer/dialects/index.ts';
import { issuers } from '../../replayer/issuers/index.ts';
import { WHOLE } from '../../replayer/planner/cut.ts';
import { parseChain } from '../../replayer/strategies/chain.ts';
import { writeReport } from './write-report.ts';

const SAMPLE = fileURLToPath(
  new URL('../../../collector/samples/vtd-fs-strict-2s.arrow', import.meta.url),
);
const SEED = 2017;

interface Options {
  readonly output: string;
  readonly repeat?: string;
  readonly device?: string;
  readonly keep?: string;
  readonly force: boolean;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .option('-o, --output <file>', 'the page to write', 'report.html')
    .option(
      '-n, --repeat <times>',
      `rounds of all strategies (default: as many as fit into ${DEMO_REPLAYS} replays)`,
    )
    .option('--device <address>', 'replay on this device (on vfio-pci) instead of the null issuer')
    .option('--keep <folder>', 'keep every sample here (default: only the page is kept)')
    .option('--force', 'overwrite the page, and files of the same names in the folder', false)
    .option('--json', 'print the report as one JSON document', false)
    .action(async (options: Options) => {
      await run(options, terminal());
    });
};

async function run(options: Options, terminal: Terminal): Promise<void> {
  const rules = { force: options.force, inputs: [] };
  const output = new Output(options.output, rules);
  const kept = options.keep === undefined ? undefined : new OutputFolder(options.keep, rules);
  const issuer = issuers.get(options.device === undefined ? 'null' : 'iommufd');
  tellWhatRuns(options, terminal);
  terminal.story(
    `replaying 2 s of a real guest (fio on NVMe, strict) under ${DEFAULT_STRATEGIES.join(', ')}; ${DEFAULT_STRATEGIES[0]} runs twice per round`,
  );
  const folder = kept ?? new OutputFolder(mkdtempSync(join(tmpdir(), 'iotlb-demo-')), rules);
  using interrupt = watchInterrupt();
  try {
    const { report, interrupted } = await compareStrategies(
      {
        recording: SAMPLE,
        chains: DEFAULT_STRATEGIES.map((text) => parseChain(text)),
        dialect: dialects.get('hwpt-vtd-s1'),
        issuer,
        device: options.device,
        allowNarrowed: false,
        pace: {
          pacing: { kind: 'closed-loop', speed: 1 },
          cut: WHOLE,
          passes: 1,
          maxGapNs: undefined,
        },
        loopFlags: {},
        class: 'auto',
        rules:
          options.repeat === undefined
            ? { repeats: DEMO_REPLAYS, mostReplays: DEMO_REPLAYS }
            : { repeats: parseCount(options.repeat, '--repeat') },
        seed: SEED,
        folder,
        interrupt,
        terminal,
      },
      IN_MEMORY,
    );
    writeReport(report, output);
    terminal.answer(options.json ? jsonText(report) : comparisonTable(report, terminal));
    terminal.story('');
    terminal.story(`the page is ${options.output}: open it in any browser, it needs no network`);
    if (interrupted) {
      terminal.warn('interrupted: only the rounds before it are compared');
      process.exitCode = EXIT.interrupted;
    }
  } finally {
    if (kept === undefined) rmSync(folder.path, { recursive: true, force: true });
  }
}

function tellWhatRuns(options: Options, terminal: Terminal): void {
  if (options.device !== undefined) return;
  terminal.story(
    existsSync('/dev/iommu')
      ? 'this host has /dev/iommu; no device is touched unless you name one that is on vfio-pci: iotlb demo --device 0000:00:03.0'
      : 'this host has no /dev/iommu: the null issuer is used (the system call path only, nothing is invalidated)',
  );
}
