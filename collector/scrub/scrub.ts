// Makes a recording safe to send: addresses permuted with a key, identifiers renumbered, raw words and
// names gone, everything a strategy looks at kept. Writes a sealed recording; the input stays untouched.

import { ToolError, type Output } from '../base/index.ts';
import { fileDigest, openTrace, sealTrace, type TraceEnd } from '../format/index.ts';
import {
  ALL_PAGES,
  PRESENT,
  RAW_BYTES,
  makeHeader,
  type EventBatch,
  type TraceHeader,
} from '../model/index.ts';
import { ClusterFinder, mergeTouching, type Cluster } from './clusters.ts';
import { AddressPermutation, SPACE_PAGES } from './permutation.ts';
import { Renumber } from './renumber.ts';
import { addressKey, keyedDigest } from './secret.ts';

/** A VT-d descriptor or an SMMUv3 command; longer words keep their length and nothing else. */
const SHAPED_BYTES = 16;

const SCRUB_NOTE =
  'addresses permuted with a key, aligned blocks to aligned blocks, touching ranges together; domain, PASID and source ids renumbered; raw words reduced to the kind of command and its granule; host, guest, kernel, CPU, command line, names and absolute times removed';

export interface ScrubResult {
  readonly end: TraceEnd;
  readonly header: TraceHeader;
  readonly clusters: number;
  readonly domains: number;
  readonly pasids: number;
  readonly sources: number;
}

/**
 * Scrubs `from` into `to`. `rigid` moves all addresses as one piece: their order and distances stay.
 * Throws ToolError; `to` appears whole or not at all.
 */
export function scrubTrace(
  from: string,
  to: Output | string,
  options: { readonly secret: Uint8Array; readonly rigid: boolean },
): ScrubResult {
  const finder = new ClusterFinder();
  {
    using reader = openTrace(from);
    for (const batch of reader.batches()) finder.add(batch);
  }
  const found = finder.clusters();
  const clusters = options.rigid ? asOnePiece(found) : found;
  const permutation = new AddressPermutation(clusters, addressKey(options.secret));
  const ids = { domain: new Renumber(), pasid: new Renumber(), source: new Renumber() };
  let header: TraceHeader | undefined;
  let shaped = true;
  const end = sealTrace(from, to, {
    header: (original) => {
      // AMD-Vi keeps identifiers where the others keep the kind of command.
      shaped = original.viommus.every(({ family }) => family !== 'amdvi');
      return (header = scrubbedHeader(original, fileDigest(from), options.secret));
    },
    rows: (batch) => ({
      ...scrubRows(batch, permutation, ids),
      raw: shaped ? rawShapes(batch) : new Uint8Array(batch.count * RAW_BYTES),
    }),
  });
  if (header === undefined) throw new Error('a recording was sealed without a header');
  return {
    end,
    header,
    clusters: clusters.length,
    domains: ids.domain.count,
    pasids: ids.pasid.count,
    sources: ids.source.count,
  };
}

/**
 * What the salt of a recording is made from: the id that its parts share, or the file. Throws ToolError for one that was scrubbed already: its original is
 * what the salt belongs to.
 */
export function originalId(path: string): string {
  using reader = openTrace(path);
  const { scrub, parts } = reader.header;
  if (scrub === 'none') return parts?.id ?? fileDigest(path);
  throw new ToolError(
    'E_USAGE',
    `${path}: is scrubbed; a salt belongs to the original recording. Nothing was written.`,
    {
      hint: 'give the original, or leave out --passphrase-file',
    },
  );
}

/** Only what is listed here goes into the scrubbed file: a field that is added later stays out. */
export function scrubbedHeader(
  original: TraceHeader,
  digest: string,
  secret: Uint8Array,
): TraceHeader {
  const { parts } = original;
  return makeHeader({
    source: { name: original.source.name },
    clock: {
      name: 'relative',
      start_ns: '0',
      resolution_ns: original.clock.resolution_ns,
      pairs: [],
    },
    barriers: original.barriers,
    barrier_rule: original.barrier_rule,
    arrivals: original.arrivals,
    streams: original.streams.map((one) => ({ ...one, name: `stream ${one.index}` })),
    viommus: original.viommus,
    waiters: original.waiters.map((one) => ({ ...one, name: `waiter ${one.index}` })),
    mode: original.mode,
    clock_steps: original.clock_steps,
    hosts: original.hosts.map((_, i) => ({ machine: String(i + 1) })),
    synthetic: original.synthetic === undefined ? undefined : 'yes',
    scrub: SCRUB_NOTE,
    parts: parts === undefined ? undefined : { ...parts, id: keyedDigest(secret, parts.id) },
    parent: { name: 'original', digest: keyedDigest(secret, digest) },
  });
}

/** From the first to the last address as if it were all asked for, in each 2^47 bytes that are used. */
function asOnePiece(clusters: readonly Cluster[]): readonly Cluster[] {
  const pieces = new Map<number, Cluster>();
  for (const { start, end } of clusters) {
    const space = Math.floor(start / SPACE_PAGES);
    pieces.set(space, { start: pieces.get(space)?.start ?? start, end });
  }
  return mergeTouching([...pieces.values()]);
}

interface Ids {
  readonly domain: Renumber;
  readonly pasid: Renumber;
  readonly source: Renumber;
}

function scrubRows(batch: EventBatch, permutation: AddressPermutation, ids: Ids): EventBatch {
  const { count, present, pages } = batch;
  const page = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    if ((present[i] & PRESENT.range) === 0) continue;
    const moves = pages[i] > 0 && pages[i] < ALL_PAGES;
    page[i] = moves ? permutation.map(batch.page[i]) : 0;
  }
  return {
    ...batch,
    page,
    domainId: renumbered(batch, batch.domainId, PRESENT.domainId, ids.domain),
    pasid: renumbered(batch, batch.pasid, PRESENT.pasid, ids.pasid),
    sourceId: renumbered(batch, batch.sourceId, PRESENT.sourceId, ids.source),
  };
}

/**
 * Of the raw words only what dialects read: the low byte (VT-d type and granularity, SMMUv3 opcode) and
 * the granule of an SMMUv3 range, bits 11:10 of the second word, which VT-d reserves. The rest is zero.
 */
function rawShapes(batch: EventBatch): Uint8Array {
  const raw = new Uint8Array(batch.count * RAW_BYTES);
  for (let i = 0; i < batch.count; i++) {
    if (batch.rawLen[i] !== SHAPED_BYTES) continue;
    raw[i * RAW_BYTES] = batch.raw[i * RAW_BYTES];
    raw[i * RAW_BYTES + 9] = batch.raw[i * RAW_BYTES + 9] & 0x0c;
  }
  return raw;
}

function renumbered(
  batch: EventBatch,
  column: Uint32Array,
  bit: number,
  ids: Renumber,
): Uint32Array {
  const out = new Uint32Array(batch.count);
  for (let i = 0; i < batch.count; i++) {
    if ((batch.present[i] & bit) !== 0) out[i] = ids.map(column[i]);
  }
  return out;
}
