// Where the compiled BPF programs lie: beside their sources, which a checkout and a package both hold.

import { readFileSync } from 'node:fs';

/** The bytes of the compiled object of `programs/NAME.bpf.c`. */
export function programFile(name: string): Uint8Array {
  // Three folders below the checkout, as the lab's bundle is.
  const file = new URL(`../../../collector/live/bpf/programs/${name}.bpf.o`, import.meta.url);
  return readFileSync(file);
}
