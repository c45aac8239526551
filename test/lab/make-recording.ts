// Makes one recording: boots the guests of a workload, lets them work, and turns what QEMU saw into a sealed
// file with the product's own commands.

import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ToolError } from '../../collector/base/index.ts';
import { startIotlb } from '../support/running-cli.ts';
import { checkout } from './cache.ts';
import { type Dialog, talkWithGuest } from './dialog.ts';
import { runGuest } from './guest.ts';
import { MACHINES } from './machine.ts';
import { readStretches } from './qemu-log.ts';
import type { ScenarioContext } from './scenario.ts';
import type { Workload } from './workload.ts';

/** Enough to see the pattern, small enough to ship. */
const MOST_LINES = 8_000;
const LIVE_TIME = '3s';

/** Makes it in the context's folder; the sealed file is moved to `output`. */
export async function makeRecording(
  workload: Workload,
  output: string,
  context: ScenarioContext,
): Promise<void> {
  const { folder } = context;
  mkdirSync(folder, { recursive: true });
  const made =
    workload.guests === undefined
      ? await fromLog(workload, context)
      : await fromGuests(workload, workload.guests, context);
  // Not a rename: the cache may lie on another file system. Then a rename, so that it appears whole.
  copyFileSync(made, `${output}.new`);
  renameSync(`${output}.new`, output);
}

/** What ends a barrier interval, on either IOMMU. */
const BARRIER = /desc type wait|<--- SMMU_CMD_SYNC/;

/** As many lines as are kept, without configuration accesses and up to the last barrier among them. */
export function wholeIntervals(lines: readonly string[], most = MOST_LINES): readonly string[] {
  const kept = lines.filter((line) => !line.includes('pci_cfg_write')).slice(0, most);
  return kept.slice(0, kept.findLastIndex((line) => BARRIER.test(line)) + 1);
}

async function fromLog(workload: Workload, { folder, story }: ScenarioContext): Promise<string> {
  const { machine, script, name } = workload;
  const result = await runGuest({ machine, script, folder: join(folder, 'guest') });
  if (result.exit !== 0) {
    throw new ToolError('E_IO', `${name}: the guest ended with ${result.exit}:\n${result.stderr}`);
  }
  const stretch = readStretches(result.log).get(1) ?? '';
  const lines = wholeIntervals(stretch.split('\n'));
  story(`  ${lines.length} lines of ${MACHINES[machine].iommu} in ${result.seconds.toFixed(0)} s`);
  writeFileSync(join(folder, `${name}.log`), `${lines.join('\n')}\n`);
  // In its folder and by its name alone: the command line is kept in the recording.
  const import_ = ['import', '-q', '--force', `${name}.log`, '-o', `${name}.arrow`];
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(checkout, 'dist', 'main.js'), ...import_],
    { cwd: folder, encoding: 'utf8' },
  );
  if (status !== 0) throw new ToolError('E_IO', `${name}: ${stderr}`);
  return join(folder, `${name}.arrow`);
}

/** All guests at work, then one recorder on all of them; the first guest's dialog leads, the others wait for it. */
async function fromGuests(
  workload: Workload,
  guests: number,
  { folder, story }: ScenarioContext,
): Promise<string> {
  const { machine, script, name } = workload;
  const output = join(folder, `${name}.arrow`);
  const names = Array.from({ length: guests }, (_, i) => `vm${i + 1}`);
  let reading = 0;
  let isDone = false;
  const record = async (dialog: Dialog, leads: boolean): Promise<void> => {
    await dialog.hear('reading');
    reading++;
    await dialog.until('the other guests', () => reading === guests);
    if (leads) {
      await recordAll(names, { folder, output });
      isDone = true;
    }
    await dialog.until('the end of the recording', () => isDone);
    dialog.tell('enough');
  };
  story(`  ${guests} guests of ${MACHINES[machine].iommu}`);
  await Promise.all(
    names.map((guest, i) =>
      talkWithGuest(
        {
          machine,
          script,
          folder: join(folder, guest),
          bind: [],
          qmp: join(folder, `${guest}.qmp`),
        },
        (dialog) => record(dialog, i === 0),
      ),
    ),
  );
  return output;
}

async function recordAll(
  names: readonly string[],
  { folder, output }: { readonly folder: string; readonly output: string },
): Promise<void> {
  const sockets = names.map((guest) => `${guest}.qmp`).join(',');
  const words = ['--force', '--qmp', sockets, '-o', basename(output), '--duration', LIVE_TIME];
  const { code, stderr } = await startIotlb(['record', ...words], {}, folder).ended;
  if (code !== 0) throw new ToolError('E_IO', `recording failed: ${stderr}`);
}
