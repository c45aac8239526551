// A guest that reads its disk is recorded from outside over QMP, once to the end and once until the recorder
// is killed, then from inside by ftrace. Each time another view of the same stream was on, and must agree.

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { switchEvent } from '../../support/qmp-events.ts';
import { agreement, importView, lossOf } from '../agreement.ts';
import { bundleCommand } from '../bundle.ts';
import { type Dialog, talkWithGuest } from '../dialog.ts';
import type { GuestResult } from '../guest.ts';
import { GUEST_SHARE } from '../initramfs.ts';
import { readStretches } from '../qemu-log.ts';
import { attached, type Host, killed } from '../recorders.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';

/** Requests that a recording must have to be worth comparing. */
const LEAST = 500;

/** Set by the guest before, while and after the first recorder is attached. */
const MARK = { before: 1, attached: 2, after: 3 } as const;

/**
 * Direct reads of sizes drawn by each reader: what is unmapped differs all the time, so that any stretch is
 * found again in another view. The guest's own tracing sees all of it.
 */
const script = (command: string): string => `
own=/sys/kernel/tracing/instances/lab
mkdir $own
echo mono > $own/trace_clock
echo 65536 > $own/buffer_size_kb
echo 1 > $own/events/intel_iommu/qi_submit/enable
reading() {
  drawn=$1
  until [ -e ${GUEST_SHARE}/host.enough ]; do
    drawn=$(((drawn * 1103515245 + 12345) & 0x7fffffff))
    dd if=/dev/nvme0n1 of=/dev/null bs=$(((drawn >> 16) % 32 * 4 + 4))k count=7 iflag=direct 2> /dev/null
  done
}
mark ${MARK.before}
reading 1 &
reading 2 &
reading 3 &
tell reading
hear attached
mark ${MARK.attached}
tell marked
hear detached
mark ${MARK.after}
hear restored
echo 0 > $own/events/intel_iommu/qi_submit/enable
cat $own/trace > ${GUEST_SHARE}/guest.txt
rmdir $own
hear logging
node '${command}' record --source ftrace --output ${GUEST_SHARE}/ftrace.arrow 2> ${GUEST_SHARE}/ftrace.said &
recorder=$!
until [ -s ${GUEST_SHARE}/ftrace.arrow ] || ! kill -0 $recorder; do sleep 0.1; done
sleep 2
kill -INT $recorder
wait $recorder
echo $? > ${GUEST_SHARE}/ftrace.exit
tell recorded
wait
`;

/**
 * The marks say that QEMU's log went elsewhere while a recorder was attached, and only then. A QEMU that
 * empties its log when it opens it again leaves what was in it beside it.
 */
function markComplaints(log: string): readonly string[] {
  const [folder, name] = [dirname(log), basename(log)];
  const logs = readdirSync(folder).filter((each) => each.startsWith(name));
  const seen = new Set(logs.flatMap((each) => [...readStretches(join(folder, each)).keys()]));
  const wrong = Object.entries(MARK).filter(
    ([when, mark]) => seen.has(mark) !== (when !== 'attached'),
  );
  return wrong.map(([when]) => `QEMU's log is wrong about the mark set ${when}`);
}

export interface Recorded {
  readonly parts: readonly Part[];
  /** Recordings of the guest, on the host. */
  readonly qmp: string;
  readonly ftrace: string;
}

interface Said {
  /** Complaints about the recorder that was let go, and about the one that was killed. */
  readonly whole: readonly string[];
  readonly cut: readonly string[];
}

type PathOf = (name: string) => string;

/** The host's side: two recorders one after the other, then QEMU's log while the guest records itself. */
async function recordOutside(dialog: Dialog, host: Host, path: PathOf): Promise<Said> {
  await dialog.hear('reading');
  const whole = await attached(dialog, host, path('qmp'));
  const cut = await killed(dialog, host, path('killed'));
  dialog.tell('restored');
  await switchEvent(host.socket, 'vtd_inv_desc', true);
  dialog.tell('logging');
  await dialog.hear('recorded');
  await switchEvent(host.socket, 'vtd_inv_desc', false);
  dialog.tell('enough');
  return { whole, cut };
}

/** A recording against another view of the same time. */
function viewPart(
  name: string,
  views: { readonly trace: string; readonly other: string; readonly whole: boolean },
  complaints: readonly string[],
): Part {
  const found = agreement(views.trace, views.other, { whole: views.whole, least: LEAST });
  return partOf(name, { asked: found.compared, seen: found.matched }, [
    ...complaints,
    ...found.complaints,
  ]);
}

function parts(
  result: GuestResult,
  said: Said,
  view: { readonly folder: string; readonly path: PathOf; readonly ftrace: string },
): readonly Part[] {
  const { folder, path, ftrace } = view;
  const traced = importView(join(result.share, 'guest.txt'), folder, 'guest');
  const log = importView(result.log, folder, 'log');
  const exit = Number(result.read('ftrace.exit'));
  return [
    viewPart('QMP, attached and let go', { trace: path('qmp'), other: traced, whole: true }, [
      ...said.whole,
      ...markComplaints(result.log),
      ...lossOf(path('qmp')),
    ]),
    viewPart(
      'QMP, killed and restored',
      { trace: path('killed'), other: traced, whole: true },
      said.cut,
    ),
    viewPart('ftrace inside', { trace: ftrace, other: log, whole: false }, [
      ...(exit === 0 ? [] : [`exit code ${exit}: ${result.read('ftrace.said')}`]),
      ...lossOf(ftrace),
    ]),
  ];
}

/** Records one guest's reads in three ways, and compares each with another view. */
export async function recordedReads(context: ScenarioContext): Promise<Recorded> {
  const { folder } = context;
  const path: PathOf = (name) => join(folder, `${name}.arrow`);
  const host: Host = {
    socket: join(folder, 'qmp'),
    env: { IOTLB_STATE_DIR: join(folder, 'attached') },
  };
  const { result, said } = await talkWithGuest(
    {
      machine: 'vtd-first-stage',
      folder: join(folder, 'io'),
      script: script(await bundleCommand()),
      bind: [],
      qmp: host.socket,
    },
    (dialog) => recordOutside(dialog, host, path),
  );
  context.story(`  vtd-first-stage guest was recorded in ${result.seconds.toFixed(1)} s`);
  const ftrace = join(result.share, 'ftrace.arrow');
  return { parts: parts(result, said, { folder, path, ftrace }), qmp: path('qmp'), ftrace };
}
