// The arm64 bundle where there is nothing but a kernel, a C library and busybox: unpacked on the host, run in the
// guest by its own Node.js, its results compared with those of this checkout.

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeBundle } from '../../../packaging/bundle.ts';
import { packCheckout } from '../../../packaging/pack.ts';
import { checkout } from '../cache.ts';
import { runGuest } from '../guest.ts';
import { type Part, partOf, type Scenario, type ScenarioContext } from '../scenario.ts';

const SAMPLE = join(checkout, 'collector', 'samples', 'vtd-fs-strict-2s.arrow');
const LOG = join(checkout, 'test', 'fixtures', 'traces', 'vtd-fs-strict.log');

/** Each prints one JSON document that depends on nothing but its input. */
const COMMANDS: readonly (readonly string[])[] = [
  ['info', '--json', SAMPLE],
  ['plan', '--json', SAMPLE, '-s', 'barrier'],
  ['import', '--json', LOG, '-o', '/tmp/bundle-test.arrow', '--force'],
];

function unpackBundle(folder: string): string {
  const scratch = mkdtempSync(join(tmpdir(), 'iotlb-bundle-'));
  try {
    const packing = join(scratch, 'pack');
    const making = join(scratch, 'bundle');
    for (const each of [packing, making]) mkdirSync(each);
    const kind = { arch: 'arm64', contents: 'record-replay' } as const;
    const { path } = makeBundle(packCheckout(packing), kind, scratch, making);
    const unpacked = join(folder, 'unpacked');
    mkdirSync(unpacked);
    spawnSync('tar', ['-xzf', path, '-C', unpacked, '--strip-components=1']);
    return unpacked;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function script(unpacked: string): string {
  const share = '/run/lab';
  const lines = COMMANDS.map(
    (words, i) => `./iotlb ${words.join(' ')} > ${share}/said-${i} 2> ${share}/error-${i}`,
  );
  // No node on this PATH: the bundle's own is the only one.
  return `set -e
mkdir /tmp/bin
for name in sh dirname readlink; do ln -s /bin/busybox /tmp/bin/$name; done
export PATH=/tmp/bin
cd '${unpacked}'
./iotlb --version > ${share}/version
${lines.join('\n')}
./iotlb replay '${SAMPLE}' --asap -q -o /tmp/result.arrow > ${share}/replayed
`;
}

async function run(context: ScenarioContext): Promise<readonly Part[]> {
  const unpacked = unpackBundle(context.folder);
  const result = await runGuest({
    machine: 'smmuv3',
    folder: join(context.folder, 'guest'),
    script: script(unpacked),
    bind: [],
    limitSeconds: 1200,
  });
  context.story(`  the bundle ran in an arm64 guest in ${result.seconds.toFixed(1)} s`);
  const complaints: string[] = [];
  if (result.exit !== 0) complaints.push(`exit ${result.exit}: ${result.stderr}`);
  COMMANDS.forEach((words, i) => {
    const here = spawnSync(process.execPath, [join(checkout, 'dist', 'main.js'), ...words], {
      encoding: 'utf8',
    });
    const there = result.read(`said-${i}`);
    if (there !== here.stdout || here.stdout === '')
      complaints.push(`${words.join(' ')}: ${there}${result.read(`error-${i}`)}`);
  });
  if (!result.read('replayed').includes('issued')) complaints.push('the replay said nothing');
  const counts = { asked: COMMANDS.length + 2, seen: COMMANDS.length + 2 - complaints.length };
  return [partOf('arm64 bundle, record and replay', counts, complaints)];
}

export const bundle: Scenario = {
  name: 'bundle',
  summary: 'the arm64 bundle, with its own Node.js, gives the results of this checkout',
  arches: ['arm64'],
  emulated:
    'real: the bundle, its Node.js and native code · emulated: the CPU; nothing is invalidated',
  run,
};
