// Attaches the program for static probes to places in a process's binary: one copy of it for each place, with
// what the binary's note says of the arguments there.

import { SITE_BYTES, siteBytes } from './arguments.ts';
import { MapElement } from './kernel.ts';
import type { StaticProbe } from './notes.ts';
import type { BpfTap } from './tap.ts';

export interface ProbeSite {
  readonly pid: number;
  readonly path: string;
  /** Comes back with each record. */
  readonly index: number;
  /** A bit for each argument that is the address of a text. */
  readonly texts: number;
  readonly probe: StaticProbe;
}

/** False where an argument lies where the program cannot read it. Throws KernelError. */
export function attachSite(tap: BpfTap, { pid, path, index, texts, probe }: ProbeSite): boolean {
  const bytes = siteBytes({ index, texts, args: probe.args }, process.arch);
  if (bytes === undefined) return false;
  const map = tap.loaded.ownMap('site_map');
  const element = new MapElement(map, SITE_BYTES);
  element.value.set(bytes);
  element.write(0);
  const program = tap.loaded.program('static_probe', { site_map: map });
  const { offset, semaphore } = probe;
  tap.loaded.attachProbe(program, { path, offset, semaphore, pid });
  return true;
}
