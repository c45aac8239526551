// A plan as map and unmap of each range, two ioctls a range. Owns the one pinned region that every mapping
// is backed by, and the rules for ranges that cannot be mapped as asked; see README.md in this folder.

import { ALL_PAGES, PAGE_BYTES } from '../../collector/model/index.ts';
import { type Dialect } from '../dialects/index.ts';
import { MOST_MAPPED_PAGES } from '../dialects/unmap.ts';
import { PinnedMemory } from './pinned.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { NO_WORD, type CallProgram } from './call-program.ts';
import type { IovaPlacer } from './iova-windows.ts';

/** One page stands for everything that is mapped, where a whole domain is asked. */
const PAGES_FOR_EVERYTHING = 1;
const HIGH = 2 ** 32;

/** The structures of one interface. Sizes are multiples of 8. */
export interface MapUnmapShape {
  readonly mapRequest: number;
  readonly mapBytes: number;
  readonly unmapRequest: number;
  readonly unmapBytes: number;
  putMap(view: DataView, at: number, range: MappedRange): void;
  putUnmap(view: DataView, at: number, range: MappedRange): void;
}

export interface MappedRange {
  readonly iova: bigint;
  readonly bytes: bigint;
  /** Address of the memory behind it. */
  readonly memory: bigint;
}

/** Memory for mappings: page-aligned, zeroed, one region for all of them. */
export class MappedMemory {
  readonly #pinned = new PinnedMemory((MOST_MAPPED_PAGES + 1) * PAGE_BYTES);
  readonly address = BigInt(Math.ceil(this.#pinned.address / PAGE_BYTES) * PAGE_BYTES);
}

/** How ranges became what is mapped, over all streams. */
export class UnmapCounts {
  ranges = 0;
  /** Longer than the region: only its first pages are mapped and unmapped. */
  bounded = 0;
  /** A whole domain or everything: one page stands for what is mapped. */
  everything = 0;

  text(placer: IovaPlacer): string {
    const parts = [
      [placer.moved, 'moved to an allowed address'],
      [this.bounded, `cut to their first ${MOST_MAPPED_PAGES} pages`],
      [this.everything, 'of a whole domain, one page standing for it'],
    ] as const;
    const said = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
    return `${this.ranges} ranges${said.length === 0 ? '' : `: ${said.join(', ')}`}`;
  }
}

/** Encodes every step. A mapping call counts no entry, the unmap after it one. */
export function unmapCalls(
  fd: number,
  steps: StepBatch,
  dialect: Dialect,
  host: {
    readonly shape: MapUnmapShape;
    readonly memory: MappedMemory;
    readonly placer: IovaPlacer;
    readonly counts: UnmapCounts;
  },
): CallProgram {
  const { shape, counts, placer } = host;
  const ranges = rangesOf(steps, dialect, counts);
  const pages = placer.place(ranges);
  const pair = shape.mapBytes + shape.unmapBytes;
  const memory = new PinnedMemory(steps.entries * pair);
  const calls = 2 * steps.entries;
  const request = new Uint32Array(calls);
  const argument = new Float64Array(calls);
  const entries = new Uint32Array(calls);
  ranges.forEach(({ pages: length }, i) => {
    const range: MappedRange = {
      iova: BigInt(pages[i]) * BigInt(PAGE_BYTES),
      bytes: BigInt(length * PAGE_BYTES),
      memory: host.memory.address,
    };
    const at = i * pair;
    shape.putMap(memory.view, at, range);
    shape.putUnmap(memory.view, at + shape.mapBytes, range);
    request[2 * i] = shape.mapRequest;
    request[2 * i + 1] = shape.unmapRequest;
    argument[2 * i] = memory.address + at;
    argument[2 * i + 1] = memory.address + at + shape.mapBytes;
    entries[2 * i + 1] = 1;
  });
  return {
    calls,
    stepCallEnd: Uint32Array.from({ length: steps.steps }, (_, step) => 2 * steps.entryEnd[step]),
    fd,
    request,
    argument,
    entries,
    doneWord: new Uint32Array(calls).fill(NO_WORD),
    joinable: new Uint8Array(calls),
    memory,
    fanout: 0,
  };
}

/** Each entry as what can be mapped for it: never longer than the region. */
function rangesOf(
  steps: StepBatch,
  dialect: Dialect,
  counts: UnmapCounts,
): readonly { readonly page: number; readonly pages: number }[] {
  const view = new DataView(new ArrayBuffer(dialect.entryBytes));
  return Array.from({ length: steps.entries }, (_, entry) => {
    dialect.encode(steps, entry, view, 0);
    counts.ranges++;
    const page = readU64(view, 0) / PAGE_BYTES;
    const asked = Math.ceil(readU64(view, 8) / PAGE_BYTES);
    if (asked >= ALL_PAGES) {
      counts.everything++;
      return { page, pages: PAGES_FOR_EVERYTHING };
    }
    if (asked > MOST_MAPPED_PAGES) counts.bounded++;
    return { page, pages: Math.min(asked, MOST_MAPPED_PAGES) };
  });
}

/** Exact for multiples of 4 KiB up to 2^64, and near enough to tell U64_MAX. */
function readU64(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * HIGH + view.getUint32(at, true);
}
