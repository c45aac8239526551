// What recording costs a guest that reads its disk: the same reads under no recorder and under each, in turn,
// in one boot of the lab's guest. The guest's own clock times them.

import { ToolError } from '../../../collector/base/index.ts';
import { startIotlb } from '../../support/running-cli.ts';
import { bundleCommand } from '../../lab/bundle.ts';
import { cachePath } from '../../lab/cache.ts';
import { type Dialog, talkWithGuest } from '../../lab/dialog.ts';
import { GUEST_SHARE } from '../../lab/initramfs.ts';
import type { Round } from './rounds.ts';

const READS = 4_000;

/** How each recorder is put around the reads, inside; what the host does comes between the words. */
const AROUND = {
  none: () => 'work',
  qmp: () => 'tell want.$turn; hear attached.$turn; work; tell done.$turn; hear gone.$turn',
  ftrace: (command: string) => `
node '${command}' record --source ftrace --force --output /tmp/ftrace.arrow 2> /tmp/said > /dev/null &
recorder=$!
until grep -q 'listening to' /tmp/said; do sleep 0.1; kill -0 $recorder || exit; done
work
kill -INT $recorder
wait $recorder`,
  'text ftrace': () => `
own=/sys/kernel/tracing/instances/text
mkdir $own
echo 1 > $own/events/intel_iommu/enable
echo 1 > $own/events/iommu/enable
cat $own/trace_pipe > /tmp/text &
reader=$!
work
echo 0 > $own/events/enable
kill $reader
wait $reader
rmdir $own`,
} as const;

type Recorder = keyof typeof AROUND;
const RECORDERS = Object.keys(AROUND) as readonly Recorder[]; // the keys of a constant table

function script(rounds: number, command: string): string {
  const head = `
export LC_ALL=C
work() { dd if=/dev/nvme0n1 of=/dev/null bs=4k count=${READS} iflag=direct 2> ${GUEST_SHARE}/reads.$turn; }
turn=warm
work
`;
  const turns = Array.from({ length: rounds * RECORDERS.length }, (_, turn) => {
    const recorder = RECORDERS[turn % RECORDERS.length];
    return `turn=${turn}\n${AROUND[recorder](command)}\n`;
  });
  return head + turns.join('');
}

/** Attaches over QMP whenever the guest wants it. */
async function attachInTurn(dialog: Dialog, rounds: number, socket: string): Promise<void> {
  const output = cachePath('runs', 'slowdown-reads.arrow');
  for (let round = 0; round < rounds; round++) {
    const turn = round * RECORDERS.length + RECORDERS.indexOf('qmp');
    await dialog.hear(`want.${turn}`);
    const running = startIotlb(['record', '--qmp', socket, '--force', '-o', output]);
    let said = '';
    running.process.stderr?.on('data', (text: Buffer) => (said += text.toString()));
    await dialog.until('an attached recorder', () => said.includes('attached to'));
    dialog.tell(`attached.${turn}`);
    await dialog.hear(`done.${turn}`);
    running.process.kill('SIGINT');
    await running.ended;
    dialog.tell(`gone.${turn}`);
  }
}

const COPIED = /copied, ([0-9.e+-]+) s/;

/** Seconds that the reads took, by recorder. */
export async function measureReads(rounds: number): Promise<readonly Round[]> {
  const socket = cachePath('runs', 'slowdown.qmp');
  const { result } = await talkWithGuest(
    {
      machine: 'vtd-first-stage',
      folder: cachePath('runs', 'slowdown-reads'),
      script: script(rounds, await bundleCommand()),
      bind: [],
      qmp: socket,
      limitSeconds: 1800,
    },
    (dialog) => attachInTurn(dialog, rounds, socket),
  );
  if (result.exit !== 0) {
    throw new ToolError('E_IO', `the reads failed in the guest:\n${result.stderr}`);
  }
  const seconds = (turn: number): number =>
    Number(COPIED.exec(result.read(`reads.${turn}`))?.[1] ?? Number.NaN);
  return Array.from({ length: rounds }, (_, round) => ({
    work: `${READS} direct reads of 4 KiB`,
    calls: READS,
    seconds: Object.fromEntries(
      RECORDERS.map((recorder, i) => [recorder, seconds(round * RECORDERS.length + i)]),
    ),
  }));
}
