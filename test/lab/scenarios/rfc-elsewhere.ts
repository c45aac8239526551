// The ioctl of 2017 where it is not, or speaks the other layout: the replay is refused before anything is
// issued, and the error says which kernel has it and what to use instead.

import { join } from 'node:path';
import { bundleCommand } from '../bundle.ts';
import { runGuest } from '../guest.ts';
import { GUEST_SHARE } from '../initramfs.ts';
import { DEVICES } from '../machine.ts';
import { importRecording } from '../planned.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';

const LAYOUTS = '/sys/module/vfio_iommu_type1/parameters/tlb_invalidate_layouts';
const CANNOT = 3;

/** What the kernel serves, what is asked of it, and what the user must read. */
const TRIES = [
  {
    serves: 0,
    dialect: 'vfio-rfc-generic',
    says: /never merged[\s\S]*lab's own kernel[\s\S]*unmap/,
  },
  { serves: 1, dialect: 'vfio-rfc-opaque', says: /generic layout only[\s\S]*vfio-rfc-generic/ },
  { serves: 2, dialect: 'vfio-rfc-generic', says: /opaque layout only[\s\S]*vfio-rfc-opaque/ },
] as const;

export async function rfcElsewhere(context: ScenarioContext): Promise<Part> {
  const command = await bundleCommand();
  const script = TRIES.map(
    ({ serves, dialect }, i) => `echo ${serves} > ${LAYOUTS}
node '${command}' replay ${GUEST_SHARE}/recording.arrow --issuer vfio --dialect ${dialect} --device ${DEVICES[0]} --asap > ${GUEST_SHARE}/said.${i} 2>&1
echo $? > ${GUEST_SHARE}/exit.${i}
`,
  ).join('');
  const result = await runGuest({
    machine: 'vtd-legacy',
    folder: join(context.folder, 'elsewhere'),
    script,
    files: [
      { name: 'recording.arrow', from: importRecording('vtd-legacy-strict', context.folder) },
    ],
  });
  const complaints = TRIES.flatMap(({ serves, dialect, says }, i) => {
    const [exit, said] = [Number(result.read(`exit.${i}`)), result.read(`said.${i}`)];
    return exit === CANNOT && says.test(said)
      ? []
      : [`${dialect} where layouts ${serves} are served: exit code ${exit}: ${said.trim()}`];
  });
  return partOf('refusals', { asked: TRIES.length, seen: TRIES.length }, complaints);
}
