// What the tap of its ioctls costs a process: the same replay with the tap and without, in turn, in one boot
// of the lab's guest. The replay's own clock times it.

import { mkdirSync } from 'node:fs';
import { z } from 'zod';
import { formatCount, ToolError } from '../../../collector/base/index.ts';
import { bundleCommand } from '../../lab/bundle.ts';
import { cachePath } from '../../lab/cache.ts';
import { runGuest } from '../../lab/guest.ts';
import { GUEST_SHARE } from '../../lab/initramfs.ts';
import { DEVICES } from '../../lab/machine.ts';
import { importRecording } from '../../lab/planned.ts';
import type { Round } from './rounds.ts';

const CALLS = 2_000;

const answerSchema = z.object({ steps: z.number(), achieved_ns: z.number() });

/** A replay waits for a file, so that its pid is known before its first call. */
function script(rounds: number, command: string): string {
  const flags = `--issuer iommufd --device ${DEVICES[0]} --asap --limit ${CALLS} --json --force`;
  return `
replay() {
  sh -c "until [ -e /tmp/go ]; do sleep 0.1; done
    exec node '${command}' replay ${GUEST_SHARE}/recording.arrow ${flags} --output /tmp/result" > ${GUEST_SHARE}/$1 &
  replay=$!
}
round=0
while [ $round -lt ${rounds} ]; do
  replay none.$round
  : > /tmp/go
  wait $replay || exit
  rm /tmp/go
  replay vmm.$round
  node '${command}' record --source vmm --pid $replay --force --output /tmp/vmm.arrow 2> /tmp/said > /dev/null &
  tap=$!
  until grep -q 'listening to' /tmp/said; do sleep 0.1; kill -0 $tap || { cat /tmp/said >&2; exit 1; }; done
  : > /tmp/go
  wait $replay || exit
  wait $tap
  rm /tmp/go
  round=$((round + 1))
done
`;
}

/** Seconds that the replay took, without and with the tap. */
export async function measureReplays(rounds: number): Promise<readonly Round[]> {
  const folder = cachePath('runs', 'slowdown-replays');
  mkdirSync(cachePath('runs', 'slowdown'), { recursive: true });
  const guest = await runGuest({
    machine: 'vtd-scalable',
    folder,
    script: script(rounds, await bundleCommand()),
    limitSeconds: 3600,
    files: [
      {
        name: 'recording.arrow',
        from: importRecording('vtd-fs-strict', cachePath('runs', 'slowdown')),
      },
    ],
  });
  if (guest.exit !== 0)
    throw new ToolError('E_IO', `the replays failed in the guest:\n${guest.stderr}`);
  const answer = (name: string): z.infer<typeof answerSchema> =>
    answerSchema.parse(JSON.parse(guest.read(name)));
  return Array.from({ length: rounds }, (_, round) => {
    const [none, vmm] = [answer(`none.${round}`), answer(`vmm.${round}`)];
    return {
      work: `replay of ${formatCount(none.steps)} calls, as fast as it goes`,
      calls: none.steps,
      seconds: { none: none.achieved_ns / 1e9, vmm: vmm.achieved_ns / 1e9 },
    };
  });
}
