// The issuer's manners on a host: what it refuses and says, that it leaves every driver where it was, and
// that nothing of it is left after an interrupt or a kill.

import { join } from 'node:path';
import { bundleCommand } from '../bundle.ts';
import { runGuest } from '../guest.ts';
import { GUEST_SHARE } from '../initramfs.ts';
import { DEVICES } from '../machine.ts';
import { importRecording } from '../planned.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';

const [BOUND, UNBOUND] = DEVICES;
const ABSENT = '0000:00:1d.7';

interface Try {
  readonly name: string;
  readonly exit: number;
  /** What it must say. */
  readonly says: RegExp;
}

/** In the order of the script below. */
const TRIES: readonly Try[] = [
  {
    name: 'a device without vfio-pci',
    exit: 3,
    says: /not on vfio-pci.*not touched[\s\S]*driver_override/,
  },
  { name: 'a device that is not there', exit: 3, says: /no such PCI device/ },
  { name: 'no device named', exit: 3, says: /--device/ },
  { name: 'a device that another replay holds', exit: 3, says: /./ },
  { name: 'an interrupted replay', exit: 130, says: /interrupted/ },
  { name: 'a replay after the interrupted one', exit: 0, says: /"entries_done": [1-9]/ },
  { name: 'a replay after a killed one', exit: 0, says: /"entries_done": [1-9]/ },
];

function script(command: string): string {
  const replay = `node '${command}' replay ${GUEST_SHARE}/recording.arrow --issuer iommufd --json`;
  return `
drivers() { for each in /sys/bus/pci/devices/*; do echo "$each $(readlink $each/driver)"; done; }
number=0
try() { "$@" > ${GUEST_SHARE}/said.$number 2>&1; echo $? > ${GUEST_SHARE}/exit.$number; number=$((number + 1)); }
# waits until a process has opened the device
opened() { until ls -l /proc/$1/fd 2>/dev/null | grep -q vfio; do sleep 0.2; done; }
drivers > ${GUEST_SHARE}/drivers.before
try ${replay} --asap --device ${UNBOUND}
try ${replay} --asap --device ${ABSENT}
try ${replay} --asap
${replay} --rate 20/s --device ${BOUND} > ${GUEST_SHARE}/said.4 2>&1 &
holder=$!
opened $holder
try ${replay} --asap --device ${BOUND}
sleep 3
kill -INT $holder
wait $holder
echo $? > ${GUEST_SHARE}/exit.4
number=5
try ${replay} --asap --device ${BOUND}
${replay} --rate 20/s --device ${BOUND} > /dev/null 2>&1 &
holder=$!
opened $holder
kill -KILL $holder
wait $holder
try ${replay} --asap --device ${BOUND}
drivers > ${GUEST_SHARE}/drivers.after
`;
}

export async function safetyPart(context: ScenarioContext): Promise<Part> {
  const files = [
    { name: 'recording.arrow', from: importRecording('vtd-fs-strict', context.folder) },
  ];
  const result = await runGuest({
    machine: 'vtd-scalable',
    folder: join(context.folder, 'safety'),
    script: script(await bundleCommand()),
    bind: [BOUND],
    files,
  });
  context.story(
    `  vtd-scalable guest tried ${TRIES.length} replays in ${result.seconds.toFixed(1)} s`,
  );
  const complaints = TRIES.flatMap((wanted, index) => {
    const exit = Number(result.read(`exit.${index}`));
    const said = result.read(`said.${index}`);
    if (exit !== wanted.exit)
      return [`${wanted.name}: exit code ${exit}, not ${wanted.exit}: ${said.trim()}`];
    return wanted.says.test(said)
      ? []
      : [`${wanted.name}: does not say what is wanted: ${said.trim()}`];
  });
  const [before, after] = [result.read('drivers.before'), result.read('drivers.after')];
  if (before === '' || before !== after) complaints.push('a driver was bound or unbound');
  return partOf("the issuer's manners", { asked: TRIES.length, seen: TRIES.length }, complaints);
}
