// The circle: `iotlb replay` inside the guest under each strategy, QEMU's log of it imported again, and
// compared exactly with what the plan's bytes must have become.

import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from '../../../collector/base/index.ts';
import { dialects } from '../../../replayer/dialects/index.ts';
import { issuers } from '../../../replayer/issuers/index.ts';
import { compareRows, differenceText, type HardwareRow, rowText } from '../circle.ts';
import { runGuest } from '../guest.ts';
import { GUEST_SHARE } from '../initramfs.ts';
import { DEVICES, type MachineName } from '../machine.ts';
import { bundleCommand } from '../bundle.ts';
import { issuedRows, recut } from '../issued.ts';
import { importRecording, plannedBytes } from '../planned.ts';
import { importRows, readStretches } from '../qemu-log.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';

/** The strategies that the circle must close for. */
export const CIRCLE_STRATEGIES = ['none', 'barrier', 'adjacent', 'window', 'drain'] as const;

export interface ReplaySpec {
  readonly name: string;
  /** All of CIRCLE_STRATEGIES where left out. */
  readonly strategies?: readonly (typeof CIRCLE_STRATEGIES)[number][];
  readonly machine: MachineName;
  /** One of test/lab/recordings. */
  readonly recording: string;
  readonly issuer: string;
  readonly dialect: string;
  /** What the kernel makes of one call's bytes. */
  readonly rows: (entries: Uint8Array) => readonly HardwareRow[];
  /** What a row of the set-up and tear-down never is: the replay begins and ends with such rows. */
  readonly isReplayed: (row: HardwareRow) => boolean;
  /** Brings seen rows into the form of the expected ones, where the kernel is free to cut them. */
  readonly joined?: (
    seen: readonly HardwareRow[],
    expected: readonly HardwareRow[],
  ) => readonly HardwareRow[];
}

/** Whether this build of the replayer can do it; what is missing otherwise. */
export function notYet(spec: ReplaySpec): string | undefined {
  const issuer = issuers.find(spec.issuer);
  if (issuer === undefined) return `issuer '${spec.issuer}' is not there`;
  if (dialects.find(spec.dialect) === undefined) return `dialect '${spec.dialect}' is not there`;
  return issuer.dialects.includes(spec.dialect)
    ? undefined
    : `'${spec.issuer}' does not carry '${spec.dialect}'`;
}

export const beginMark = (index: number): number => 10 + 2 * index;

const strategiesOf = (spec: ReplaySpec): readonly string[] => spec.strategies ?? CIRCLE_STRATEGIES;

/** Shell lines that replay between two marks; `NAME.result` and `NAME.json` lie in the share afterwards. */
export function replayLines(
  spec: Pick<ReplaySpec, 'issuer' | 'dialect'>,
  command: string,
  run: {
    readonly index: number;
    readonly name: string;
    readonly trace: string;
    readonly strategy: string;
  },
): string {
  const flags = `--issuer ${spec.issuer} --dialect ${spec.dialect} --device ${DEVICES[0]} --asap --json${spec.dialect === 'unmap' ? ' --allow-narrowed' : ''}`;
  return `mark ${beginMark(run.index)}
node '${command}' replay ${GUEST_SHARE}/${run.trace} --strategy ${run.strategy} ${flags} --output ${GUEST_SHARE}/${run.name}.result > ${GUEST_SHARE}/${run.name}.json || exit
mark ${beginMark(run.index) + 1}
`;
}

const script = (spec: ReplaySpec, command: string): string =>
  strategiesOf(spec)
    .map((strategy, index) =>
      replayLines(spec, command, { index, name: strategy, trace: 'recording.arrow', strategy }),
    )
    .join('');

interface ReplayJson {
  readonly errors: Readonly<Record<string, number>>;
  readonly issuer: string;
}

export interface Middle {
  readonly before: readonly HardwareRow[];
  readonly rows: readonly HardwareRow[];
  readonly after: readonly HardwareRow[];
}

/** The replay's rows between those of set-up and tear-down; the barrier after the last row is the replay's. */
export function middle(
  seen: readonly HardwareRow[],
  isReplayed: (row: HardwareRow) => boolean,
): Middle {
  const first = seen.findIndex(isReplayed);
  if (first < 0) return { before: seen, rows: [], after: [] };
  const last = seen.findLastIndex(isReplayed);
  const end = last + 1 < seen.length && seen[last + 1].kind === 'barrier' ? last + 2 : last + 1;
  return { before: seen.slice(0, first), rows: seen.slice(first, end), after: seen.slice(end) };
}

/** Set-up and tear-down flush wholes, never ranges; the recordings begin and end with ranges. */
export const isRange = (row: HardwareRow): boolean =>
  row.kind === 'iotlb' && row.page !== undefined;

/** Set-up and tear-down must be the same whatever was replayed between them; domain numbers may move on. */
export const around = (found: Middle): string =>
  [...found.before, ...found.after]
    .map((row) => rowText({ ...row, ...(row.domain === undefined ? {} : { domain: 0 }) }))
    .join('\n');

/** One replay: the plan of the host's side through the kernel's rules against what QEMU saw. */
export function replayedPart(
  spec: Pick<ReplaySpec, 'dialect' | 'rows' | 'joined'>,
  title: string,
  found: {
    /** The recording, on the host. */
    readonly trace: string;
    readonly strategy: string;
    /** `NAME.result` and `NAME.json` lie in the share. */
    readonly name: string;
    readonly share: string;
    readonly around: string;
    readonly middle: Middle;
  },
): Part {
  const answer = JSON.parse(
    readFileSync(join(found.share, `${found.name}.json`), 'utf8'),
  ) as ReplayJson; // design 7
  const planned = plannedBytes(found.trace, found.strategy, spec.dialect);
  const issued = issuedRows(join(found.share, `${found.name}.result`));
  const size = dialects.get(spec.dialect).entryBytes;
  const expected = recut(planned.calls, issued, size).flatMap((call) => [...spec.rows(call)]);
  const seen = spec.joined?.(found.middle.rows, expected) ?? found.middle.rows;
  const complaints = Object.entries(answer.errors).map(
    ([errno, count]) => `${count} calls failed with ${errno}`,
  );
  const planSize = planned.calls.reduce((sum, call) => sum + call.length / size, 0);
  const done = issued.reduce((sum, row) => sum + row.done, 0);
  if (done !== planSize) complaints.push(`${done} of the plan's ${planSize} entries were done`);
  const { difference } = compareRows(expected, seen);
  if (difference !== undefined) complaints.push(differenceText(difference));
  if (around(found.middle) !== found.around)
    complaints.push('set-up or tear-down differ from those of the first strategy');
  return partOf(title, { asked: planned.requests, seen: found.middle.rows.length }, complaints);
}

/** One guest, all strategies one after the other. */
export async function replayParts(
  context: ScenarioContext,
  spec: ReplaySpec,
): Promise<readonly Part[]> {
  const missing = notYet(spec);
  if (missing !== undefined) {
    context.story(`  left out: ${spec.name}: ${missing}`);
    return [];
  }
  const folder = join(context.folder, spec.name);
  mkdirSync(context.folder, { recursive: true });
  const trace = importRecording(spec.recording, context.folder);
  const files = [{ name: 'recording.arrow', from: trace }];
  const result = await runGuest({
    machine: spec.machine,
    folder,
    script: script(spec, await bundleCommand()),
    files,
  });
  context.story(
    `  ${spec.machine} guest replayed ${spec.recording} ${strategiesOf(spec).length} times in ${result.seconds.toFixed(1)} s`,
  );
  if (result.exit !== 0)
    throw new ToolError('E_IO', `iotlb replay failed in the guest:\n${result.stderr}`);
  copyFileSync(result.log, join(context.folder, `${spec.name}.qemu.log`));
  const log = readStretches(result.log);
  const middles = strategiesOf(spec).map((_, index) =>
    middle(importRows(log.get(beginMark(index)) ?? ''), spec.isReplayed),
  );
  return strategiesOf(spec).map((strategy, index) =>
    replayedPart(spec, `${spec.name} ${strategy}`, {
      trace,
      strategy,
      name: strategy,
      share: result.share,
      around: around(middles[0]),
      middle: middles[index],
    }),
  );
}
