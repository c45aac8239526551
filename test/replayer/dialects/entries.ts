// Entries and captured words for the dialects' tests: one entry a step, and decoded words as entries, so
// that "decode, encode, decode" can be compared by meaning.

import { readFileSync } from 'node:fs';

import { decodeSmmuv3 } from '../../../collector/decoders/smmuv3.ts';
import { decodeVtd } from '../../../collector/decoders/vtd.ts';
import { EventBuilder, KIND, PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { commandsOf, type Dialect } from '../../../replayer/dialects/index.ts';
import { StepBatch } from '../../../replayer/planner/index.ts';

export interface Asked {
  readonly kind?: number;
  readonly flags?: number;
  readonly domain?: number;
  readonly pasid?: number;
  readonly page?: number;
  readonly pages?: number;
  readonly source?: number;
}

/** The entries, `perStep` to a step. */
export function stepsOf(asked: readonly Asked[], perStep = 1): StepBatch {
  const out = new StepBatch();
  asked.forEach((each, i) => {
    const entry = out.nextEntry();
    const ranged = each.page !== undefined;
    out.kind[entry] = each.kind ?? KIND.iotlb;
    out.flags[entry] = each.flags ?? 0;
    out.scope[entry] = (each.pasid === undefined ? 0 : SCOPE.pasid) | (ranged ? SCOPE.vaddr : 0);
    out.present[entry] =
      (each.domain === undefined ? 0 : PRESENT.domainId) |
      (each.pasid === undefined ? 0 : PRESENT.pasid) |
      (ranged ? PRESENT.range : 0) |
      (each.source === undefined ? 0 : PRESENT.sourceId);
    out.sourceId[entry] = each.source ?? 0;
    out.domainId[entry] = each.domain ?? 0;
    out.pasid[entry] = each.pasid ?? 0;
    out.page[entry] = each.page ?? 0;
    out.pages[entry] = each.pages ?? (ranged ? 1 : 0);
    out.entryFirstSeq[entry] = i;
    out.entryLastSeq[entry] = i;
    if ((i + 1) % perStep === 0) out.commit(i);
  });
  if (out.openEntries > 0) out.commit(asked.length);
  return out;
}

export interface Said {
  readonly bytes: Uint8Array;
  readonly commands: number;
  readonly widened: boolean;
}

/** What a dialect says for entry `entry`; its buffer is exactly as long as it claims. */
export function say(dialect: Dialect, steps: StepBatch, entry = 0): Said {
  const commands = commandsOf(dialect, steps, entry);
  const bytes = new Uint8Array(commands * dialect.entryBytes);
  dialect.encode(steps, entry, new DataView(bytes.buffer), 0);
  const widened = dialect.widens?.(steps, entry) ?? false;
  return { bytes, commands, widened };
}

export const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

function decodeWith(decode: typeof decodeSmmuv3, bytes: Uint8Array, size: number): EventBuilder {
  const out = new EventBuilder(Math.max(1, bytes.length / size));
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length; at += size) {
    const row = out.next(0, 0);
    const word = (i: number): number => view.getUint32(at + 4 * i, true);
    decode(out, row, { q0lo: word(0), q0hi: word(1), q1lo: word(2), q1hi: word(3) });
  }
  return out;
}

export const decodedSmmu = (bytes: Uint8Array): EventBuilder => decodeWith(decodeSmmuv3, bytes, 16);
export const decodedVtd = (bytes: Uint8Array): EventBuilder => decodeWith(decodeVtd, bytes, 16);

/** A captured row as an entry of a plan. */
export function askedOf(batch: EventBuilder, row = 0): Asked {
  const has = (bit: number): boolean => (batch.present[row] & bit) !== 0;
  return {
    kind: batch.kind[row],
    flags: batch.flags[row],
    ...(has(PRESENT.domainId) ? { domain: batch.domainId[row] } : {}),
    ...(has(PRESENT.pasid) ? { pasid: batch.pasid[row] } : {}),
    ...(has(PRESENT.sourceId) ? { source: batch.sourceId[row] } : {}),
    ...(has(PRESENT.range) ? { page: batch.page[row], pages: batch.pages[row] } : {}),
  };
}

export interface Vectors {
  readonly encodings: readonly {
    readonly id: string;
    readonly kind: string;
    readonly hex: string;
    readonly scope?: number;
    readonly flags?: number;
    readonly pasid?: number;
    readonly vaddr?: string;
    readonly size?: string;
  }[];
  readonly smmuv3_user_commands: readonly {
    readonly id: string;
    readonly in: string;
    readonly errno: string;
  }[];
  readonly smmuv3_range_split: readonly {
    readonly id: string;
    readonly iova: string;
    readonly size: string;
    readonly leaf: number;
    readonly tg_lg2: number;
    readonly cmds: readonly {
      readonly addr: string;
      readonly num: number;
      readonly scale: number;
    }[];
  }[];
}

/** The compiled test runs from dist/test/replayer/dialects. */
export const vectors = JSON.parse(
  readFileSync(new URL('../../../../test/fixtures/spec/dialects.json', import.meta.url), 'utf8'),
) as Vectors; // a fixture of ours

export const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

/** One vector's bytes. */
export function vector(id: string): Uint8Array {
  const found = vectors.encodings.find((each) => each.id === id);
  if (found === undefined) throw new Error(`no vector '${id}'`);
  return bytesOf(found.hex);
}
