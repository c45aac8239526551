// A process that replays a recording is tapped by its ioctls while it does, in a guest. Then each recording of
// the scenario, the tap's too, is replayed, and what QEMU saw is compared.

import { join } from 'node:path';
import { dialects } from '../../../replayer/dialects/index.ts';
import { lossOf } from '../agreement.ts';
import { bundleCommand } from '../bundle.ts';
import { compareRows, differenceText } from '../circle.ts';
import { type GuestResult, runGuest } from '../guest.ts';
import { GUEST_SHARE } from '../initramfs.ts';
import { vtdNestedRows } from '../kernel-rules.ts';
import { DEVICES } from '../machine.ts';
import { importRows, readStretches } from '../qemu-log.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';
import { tappedCalls } from '../../support/tapped.ts';
import { around, beginMark, isRange, middle, replayedPart, replayLines } from './replay.ts';

const CIRCLE = { issuer: 'iommufd', dialect: 'hwpt-vtd-s1', rows: vtdNestedRows } as const;
const [DEVICE] = DEVICES;

/** Several entries a call, so that the tap has arrays to read; slow enough for an emulated CPU. */
const TAPPED = { strategy: 'window:us=20000', rate: '200/s' } as const;
/** Its files in the share are named so, and its stretch of the log begins at this mark. */
const TAP = { name: 'vmm', part: 'the tap', mark: 1 } as const;

/** Calls that a tap must have seen, of several times as many even on a busy emulated CPU. */
const LEAST_CALLS = 50;
const TAPPED_SECONDS = 8;

/** In the order of the recordings below. */
const RECORDINGS = ['vmm', 'qmp', 'ftrace'] as const;

/**
 * The replay goes round until it is interrupted: the tap attaches while it issues (the calls that warm its
 * loop up are over then) and sees its last call.
 */
const tapLines = (command: string, { name, mark }: typeof TAP): string => `
mark ${mark}
sh -c "exec $node '${command}' replay $share/qmp.arrow --issuer ${CIRCLE.issuer} --dialect ${CIRCLE.dialect} --device ${DEVICE} --strategy ${TAPPED.strategy} --rate ${TAPPED.rate} --loop 1000 --json --output $share/${name}.tapped" > $share/${name}.json 2> $share/${name}.replay &
replay=$!
until ls -l /proc/$replay/fd 2> /dev/null | grep -q vfio || ! kill -0 $replay; do sleep 0.2; done
$node '${command}' record --source vmm --pid $replay --output $share/${name}.arrow 2> $share/${name}.said &
tap=$!
until grep -q 'listening to' $share/${name}.said || ! kill -0 $tap; do sleep 0.2; done
sleep ${TAPPED_SECONDS}
kill -INT $replay
wait $replay
wait $tap
echo $? > $share/${name}.exit
mark ${mark + 1}
`;

const script = (command: string): string => `
share=${GUEST_SHARE}
node=$(command -v node)
${tapLines(command, TAP)}
${RECORDINGS.map((name, index) => replayLines(CIRCLE, command, { index, name: `again-${name}`, trace: `${name}.arrow`, strategy: 'none' })).join('')}`;

function tapPart(
  { name, part, mark }: typeof TAP,
  guest: GuestResult,
  log: ReadonlyMap<number, string>,
): Part {
  const recording = join(guest.share, `${name}.arrow`);
  const exit = Number(guest.read(`${name}.exit`));
  if (exit !== 0) {
    const said = guest.read(`${name}.said`);
    return partOf(part, { asked: 0, seen: 0 }, [`exit code ${exit}: ${said}`]);
  }
  const tapped = tappedCalls(recording);
  const { entryBytes } = dialects.get(CIRCLE.dialect);
  // On an emulated CPU the reader may not keep up. Then the recorder must say so, and nothing can be compared.
  const hasLost = lossOf(recording).length > 0;
  const seen = middle(importRows(log.get(mark) ?? ''), isRange).rows;
  // The tap began while the replay was at work and ended with it: what it kept is the last that QEMU saw.
  const rows = tapped.flatMap(({ entries }) => [...vtdNestedRows(entries)]);
  const { difference } = compareRows(rows, seen.slice(Math.max(0, seen.length - rows.length)));
  const asked = tapped.reduce((sum, { entries }) => sum + entries.length / entryBytes, 0);
  const failed = tapped.findIndex(({ result }) => result !== 0n);
  return partOf(part, { asked, seen: seen.length }, [
    ...(hasLost || difference === undefined ? [] : [differenceText(difference)]),
    ...(failed < 0 ? [] : [`call ${failed} of the tap failed`]),
    ...(tapped.length < LEAST_CALLS ? [`only ${tapped.length} calls tapped`] : []),
    ...(asked > tapped.length ? [] : ['no call had more than one entry']),
  ]);
}

/** Taps a replay of `traces.qmp`, then replays that, the guest's own recording and the tap's. */
export async function tappedReplay(
  context: ScenarioContext,
  traces: { readonly qmp: string; readonly ftrace: string },
): Promise<readonly Part[]> {
  const guest = await runGuest({
    machine: 'vtd-scalable',
    folder: join(context.folder, 'tap'),
    script: script(await bundleCommand()),
    files: [
      { name: 'qmp.arrow', from: traces.qmp },
      { name: 'ftrace.arrow', from: traces.ftrace },
    ],
  });
  context.story(`  vtd-scalable guest tapped and replayed in ${guest.seconds.toFixed(1)} s`);
  const log = readStretches(guest.log);
  const taps = [tapPart(TAP, guest, log)];
  if (guest.exit !== 0) {
    return [
      ...taps,
      partOf('replays', { asked: 0, seen: 0 }, [`failed in the guest: ${guest.stderr}`]),
    ];
  }
  const middles = RECORDINGS.map((_, index) =>
    middle(importRows(log.get(beginMark(index)) ?? ''), isRange),
  );
  const replays = RECORDINGS.map((name, index) =>
    replayedPart(CIRCLE, `replay of ${name}`, {
      trace: join(guest.share, `${name}.arrow`),
      strategy: 'none',
      name: `again-${name}`,
      share: guest.share,
      around: around(middles[0]),
      middle: middles[index],
    }),
  );
  return [...taps, ...replays];
}
