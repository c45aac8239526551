// Packs a clean copy of the checkout, as `npm pack` does in a fresh clone: what an earlier build left in `dist`
// is neither used nor touched.

import { cpSync, mkdirSync, symlinkSync } from 'node:fs'; // oxlint-disable-line no-restricted-imports -- no verb
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { run } from './run.ts';

export const CHECKOUT = fileURLToPath(new URL('../../', import.meta.url));

const LEFT_OUT: readonly string[] = ['node_modules', 'dist', 'out', '.git'];

export interface Package {
  /** The tarball. */
  readonly path: string;
  /** Paths in it. */
  readonly files: readonly string[];
}

/** Makes the package in `folder`, which must be empty. Throws where a program that it runs fails. */
export function packCheckout(folder: string): Package {
  const copy = join(folder, 'checkout');
  mkdirSync(copy);
  cpSync(CHECKOUT, copy, {
    recursive: true,
    filter: (path) => path === CHECKOUT || !LEFT_OUT.includes(basename(path)),
  });
  symlinkSync(join(CHECKOUT, 'node_modules'), join(copy, 'node_modules'));
  const said = run('npm', ['pack', '--json', '--pack-destination', folder], copy);
  const [packed] = JSON.parse(said.slice(said.indexOf('['))) as readonly {
    readonly filename: string;
    readonly files: readonly { readonly path: string }[];
  }[]; // npm's own report
  return { path: join(folder, packed.filename), files: packed.files.map((file) => file.path) };
}
