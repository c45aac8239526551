// Node and the packages that replay and analysis stand on.

import { createRequire } from 'node:module';

import type { Check, CheckLine } from './check.ts';

const require = createRequire(import.meta.url);

const PACKAGES: readonly { readonly name: string; readonly for: string; readonly get: string }[] = [
  { name: 'koffi', for: 'replay (makes the system calls)', get: 'npm install koffi' },
  { name: 'chdb', for: 'load, compare and demo without a server', get: 'npm install chdb' },
];

export const runtime: Check = {
  name: 'runtime',
  summary: 'Node and packages',
  topic: 'host',
  look: () => [
    { what: 'Node', finding: 'ok', detail: process.version },
    ...PACKAGES.map(({ name, for: use, get }): CheckLine => {
      if (isInstalled(name)) return { what: name, finding: 'ok', detail: use };
      return { what: name, finding: 'missing', detail: use, advice: get };
    }),
  ],
};

/** Looks for it without loading it. */
function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    return false;
  }
}
