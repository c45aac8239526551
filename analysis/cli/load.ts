// `iotlb load`: recordings and results into ClickHouse, for queries of one's own.

import { Option } from 'commander';

import {
  formatCount,
  jsonText,
  ToolError,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { openStore } from '../store/index.ts';
import { loadFile, type Loaded } from '../store/load.ts';

interface Options {
  readonly store?: string;
  readonly url?: string;
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<files...>', 'recordings and result files, told apart by what they hold')
    .addOption(
      new Option(
        '--store <folder>',
        'folder of the embedded ClickHouse; made where it is missing',
      ).conflicts('url'),
    )
    .addOption(
      new Option(
        '--url <address>',
        'a ClickHouse server instead, http://user:password@host:8123',
      ).conflicts('store'),
    )
    .option('--json', 'print one JSON document', false)
    .action(async (files: readonly string[], options: Options) => {
      await run(files, options, terminal());
    });
};

async function run(files: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  if (options.store === undefined && options.url === undefined) {
    throw new ToolError('E_USAGE', 'load needs to know where to: nothing was loaded', {
      hint: 'give --store FOLDER for the embedded engine, or --url for a server',
    });
  }
  const store = await openStore({ folder: options.store, url: options.url });
  const done: Loaded[] = [];
  const progress = terminal.progress('loading', files.length);
  try {
    for (const path of files) {
      done.push(await loadFile(store, path));
      progress.update(done.length);
    }
  } finally {
    progress.stop();
    await store.close();
  }
  terminal.answer(options.json ? jsonText(done.map(summary), 2) : done.map(line).join('\n'));
  terminal.story(`${formatCount(done.length)} files are in ${store.description}`);
}

function summary(loaded: Loaded): object {
  const { kind, path, known } = loaded;
  return kind === 'trace'
    ? { kind, path, known, digest: loaded.digest }
    : { kind, path, known, run_id: loaded.header.run_id, strategy: loaded.header.plan.strategy };
}

function line(loaded: Loaded): string {
  const what =
    loaded.kind === 'trace'
      ? 'recording'
      : `result of ${loaded.header.plan.strategy}, repeat ${loaded.header.repeat}`;
  return `${loaded.path}: ${what}${loaded.known ? ', was loaded before' : ''}`;
}
