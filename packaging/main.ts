// `npm run bundle`: bundles for hosts without a network, into out/. Words pick an architecture or contents.

import { mkdtempSync, mkdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { formatSize } from '../collector/base/index.ts';
import { ARCHITECTURES, CONTENTS, makeBundle } from './bundle.ts';
import { CHECKOUT, packCheckout } from './pack.ts';

const words = process.argv.slice(2);
const known: readonly string[] = [...ARCHITECTURES, ...CONTENTS];
const unknown = words.find((word) => !known.includes(word));
if (unknown === undefined) bundleAll();
else {
  process.stderr.write(`there is no bundle '${unknown}'; these are: ${known.join(', ')}\n`);
  process.exitCode = 2;
}

function bundleAll(): void {
  const scratch = mkdtempSync(join(tmpdir(), 'iotlb-bundle-'));
  try {
    const packing = join(scratch, 'pack');
    mkdirSync(packing);
    const pack = packCheckout(packing);
    for (const arch of picked(ARCHITECTURES)) {
      for (const contents of picked(CONTENTS)) {
        const own = join(scratch, `${arch}-${contents}`);
        mkdirSync(own);
        const { path, bytes } = makeBundle(pack, { arch, contents }, join(CHECKOUT, 'out'), own);
        process.stdout.write(`${path}  ${formatSize(bytes)}\n`);
        rmSync(own, { recursive: true });
      }
    }
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Those that are named; all where none is. */
function picked<T extends string>(all: readonly T[]): readonly T[] {
  const named = all.filter((one) => words.includes(one));
  return named.length > 0 ? named : all;
}
