// `iotlb load`: recordings and results into ClickHouse, for queries of one's own.

import {
  formatCount,
  jsonText,
  ToolError,
  type Terminal,
  type VerbModule,
} from '../../collector/base/index.ts';
import { addStoreFlags, openStore, storePlace, type StoreFlags } from '../store/index.ts';
import { loadFile, type Loaded } from '../store/load.ts';

interface Options extends StoreFlags {
  readonly json: boolean;
}

export const define: VerbModule['define'] = (command, terminal) => {
  command.argument('<files...>', 'recordings and result files, told apart by what they hold');
  addStoreFlags(command, 'load into')
    .option('--json', 'print one JSON document', false)
    .action(async (files: readonly string[], options: Options) => {
      await run(files, options, terminal());
    });
};

async function run(files: readonly string[], options: Options, terminal: Terminal): Promise<void> {
  const place = storePlace(options);
  if (place === undefined) {
    throw new ToolError('E_USAGE', 'load needs to know where to: nothing was loaded', {
      hint: 'give --store FOLDER for the embedded engine, or --url or IOTLB_CLICKHOUSE_URL for a server',
    });
  }
  const store = await openStore(place);
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
