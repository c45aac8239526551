// The kprobe events on iommufd's own functions (spec 6.3), and what is left of them when a recorder is killed.
// All but the number of entries is read at the return: by then the kernel itself has read the entries, so
// their memory is there.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { WORD_BYTES } from '../../sources/vmm/shape.ts';
import { startOf } from '../qemu/peer.ts';

/** Words that come with the return itself. */
const FIRST_WORDS = 24;
/** A definition has at most 4,096 characters: a word takes up to 33 of them. */
const PROBE_WORDS = 112;
const PROBES = 4;
/** Bytes of entries that are read of one call. */
export const PROBED_BYTES = (FIRST_WORDS + PROBE_WORDS * PROBES) * WORD_BYTES;

/** Threads that may be inside a probed function at once; what is beyond is counted as missed. */
const MAX_ACTIVE = 128;
export const INVALIDATE = 'iommufd_hwpt_invalidate';
const UNMAP = 'iommufd_ioas_unmap';
/** `iommufd_ucmd`'s pointer to the kernel's copy of the structure, as Linux 6.8 to 7.3 have it. */
const STRUCTURE = '+24($arg1)';

export interface ProbeEvent {
  readonly name: string;
  readonly definition: string;
  readonly filter: string | undefined;
}

export const ownGroup = (): string => `iotlb_${process.pid}_${startOf(process.pid) ?? ''}`;

/** In the order in which they must be defined for a return's own event to come last. */
export function probeEvents(group: string): readonly ProbeEvent[] {
  // The names carry the process: the kernel's table of hits and misses knows no groups.
  const name = (what: string): string => what.replace('_', `_${process.pid}_`);
  const entry = (what: string, symbol: string, fields: string): ProbeEvent => ({
    name: name(what),
    definition: `p:${group}/${name(what)} ${symbol} ${fields}`,
    filter: undefined,
  });
  const exit = (what: string, symbol: string, fields: string, filter?: string): ProbeEvent => ({
    name: name(what),
    definition: `r${MAX_ACTIVE}:${group}/${name(what)} ${symbol} ret=$retval:s32 ${fields}`.trim(),
    filter,
  });
  const stretches = Array.from({ length: PROBES }, (_, i) => {
    const first = FIRST_WORDS + i * PROBE_WORDS;
    const fields = `elen=${u32(20)} done=${u32(24)} ${words(first, PROBE_WORDS)}`;
    return exit(`inv_data${i + 1}`, INVALIDATE, fields, reaches(first * WORD_BYTES));
  });
  const header = `hwpt=${u32(4)} dtype=+16(${STRUCTURE}):x32 elen=${u32(20)} done=${u32(24)}`;
  return [
    entry('inv_enter', INVALIDATE, `num=${u32(24)}`),
    ...stretches,
    exit('inv_exit', INVALIDATE, `${header} ${words(0, FIRST_WORDS)}`),
    entry('unmap_enter', UNMAP, `ioas=${u32(4)} iova=${u64(8)} len=${u64(16)}`),
    exit('unmap_exit', UNMAP, ''),
  ];
}

/** True of calls with more than `bytes`; of those that failed nothing says how many were asked, so all are. */
function reaches(bytes: number): string {
  const sizes = [8, 12, 16, 24];
  const known = sizes.map((size) => `(elen == ${size} && done > ${Math.floor(bytes / size)})`);
  const others = sizes.map((size) => `elen != ${size}`).join(' && ');
  return `ret != 0 || ${known.join(' || ')} || (${others})`;
}

function words(first: number, count: number): string {
  return Array.from(
    { length: count },
    (_, i) => `e${first + i}=+u${(first + i) * WORD_BYTES}(+8(${STRUCTURE})):x64`,
  ).join(' ');
}

const u32 = (offset: number): string => `+${offset}(${STRUCTURE}):u32`;
const u64 = (offset: number): string => `+${offset}(${STRUCTURE}):x64`;

const file = (root: string): string => join(root, 'kprobe_events');

/** Throws what the kernel answers. */
export function defineProbes(root: string, events: readonly ProbeEvent[]): void {
  for (const { definition } of events) appendFileSync(file(root), `${definition}\n`);
}

/** Removes every probe of the group that is there. They must be switched off. */
export function removeProbes(root: string, group: string): void {
  for (const [, name] of definedIn(root).filter(([own]) => own === group)) {
    appendFileSync(file(root), `-:${group}/${name}\n`);
  }
}

/** Removes the probes of recorders that were killed; returns their groups. */
export function removeOrphanProbes(root: string): readonly string[] {
  const groups = new Set(definedIn(root).map(([group]) => group));
  return [...groups].filter((group) => {
    const [, pid, start] = /^iotlb_(\d+)_(\d*)$/.exec(group) ?? [];
    if (pid === undefined || startOf(Number(pid)) === start) return false;
    removeProbes(root, group);
    return true;
  });
}

function definedIn(root: string): readonly (readonly [string, string])[] {
  if (!existsSync(file(root))) return [];
  const lines = readFileSync(file(root), 'latin1').split('\n');
  return lines.flatMap((line) => {
    const [, group, name] = /^[pr]\d*:(\w+)\/(\w+) /.exec(line) ?? [];
    return name === undefined ? [] : [[group, name] as const];
  });
}

/** Calls that a probe could not take down: no room for one more thread. */
export function missedBy(root: string, events: readonly ProbeEvent[]): number {
  const names = new Set(events.map(({ name }) => name));
  let missed = 0;
  for (const line of readFileSync(join(root, 'kprobe_profile'), 'latin1').split('\n')) {
    const [, name, count] = /^\s*(\w+)\s+\d+\s+(\d+)\s*$/.exec(line) ?? [];
    if (count !== undefined && names.has(name)) missed += Number(count);
  }
  return missed;
}
