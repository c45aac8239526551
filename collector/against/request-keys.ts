// What two views of one stream can be compared by: the words where both show them, else the fields that both
// show, a kind at a time. A request becomes a 64-bit hash and its time: 20 bytes a row, no object.

import { openTrace } from '../format/index.ts';
import {
  ASKED,
  KIND,
  KINDS,
  PRESENT,
  RAW_BYTES,
  isContext,
  type EventBatch,
  type TraceHeader,
} from '../model/index.ts';

const WORDS_BYTES = 16;

/** What a recording shows of each kind. */
export interface KindView {
  readonly rows: number;
  /** Every row has its 128-bit words. */
  readonly hasWords: boolean;
  /** PRESENT bits that any row has. */
  readonly fields: number;
}

export interface RecordingView {
  readonly header: TraceHeader;
  readonly kinds: readonly KindView[];
}

/** By what the rows of a kind are compared; undefined where only one recording can show the kind. */
export type KindRule =
  | { readonly by: 'words' }
  | { readonly by: 'fields'; readonly fields: number };

export interface RequestKeys {
  readonly count: number;
  readonly low: Uint32Array;
  readonly high: Uint32Array;
  /** ns from the recording's start. */
  readonly time: Float64Array;
  readonly seq: Uint32Array;
}

/** One pass: what each kind shows. */
export function viewRecording(path: string): RecordingView {
  using reader = openTrace(path, { words: false });
  const rows = new Float64Array(KINDS.length);
  const withWords = new Float64Array(KINDS.length);
  const fields = new Uint8Array(KINDS.length);
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count; i++) {
      const kind = batch.kind[i];
      rows[kind]++;
      if (batch.rawLen[i] >= WORDS_BYTES) withWords[kind]++;
      fields[kind] |= batch.present[i];
    }
  }
  const kinds = KINDS.map((_, kind) => ({
    rows: rows[kind],
    hasWords: rows[kind] > 0 && withWords[kind] === rows[kind],
    fields: fields[kind],
  }));
  return { header: reader.header, kinds };
}

/** The rule of each kind. Barriers compare only where both recordings saw them. */
export function kindRules(a: RecordingView, b: RecordingView): readonly (KindRule | undefined)[] {
  const showsWords = (view: RecordingView): boolean => view.kinds.some((kind) => kind.hasWords);
  const bothWords = showsWords(a) && showsWords(b);
  const barriersSeen = a.header.barriers === 'seen' && b.header.barriers === 'seen';
  return KINDS.map((_, kind): KindRule | undefined => {
    if (isContext(kind) || (kind === KIND.barrier && !barriersSeen)) return undefined;
    const [here, there] = [a.kinds[kind], b.kinds[kind]];
    if (here.rows === 0 && there.rows === 0) return undefined;
    const words = (here.rows === 0 || here.hasWords) && (there.rows === 0 || there.hasWords);
    if (words && bothWords) return { by: 'words' };
    if (here.rows === 0 || there.rows === 0) return undefined;
    return { by: 'fields', fields: here.fields & there.fields & ASKED };
  });
}

/** The comparable rows of the recording at `path`, in capture order. */
export function readKeys(
  path: string,
  view: RecordingView,
  rules: readonly (KindRule | undefined)[],
): RequestKeys {
  using reader = openTrace(path);
  const size = view.kinds.reduce(
    (sum, kind, i) => sum + (rules[i] === undefined ? 0 : kind.rows),
    0,
  );
  const low = new Uint32Array(size);
  const high = new Uint32Array(size);
  const time = new Float64Array(size);
  const seq = new Uint32Array(size);
  const hash = new RowHash();
  let count = 0;
  for (const batch of reader.batches()) {
    for (let i = 0; i < batch.count && count < size; i++) {
      const rule = rules[batch.kind[i]];
      if (rule === undefined) continue;
      hash.of(batch, i, rule);
      low[count] = hash.low;
      high[count] = hash.high;
      time[count] = batch.tNs[i];
      seq[count] = batch.firstSeq + i;
      count++;
    }
  }
  return { count, low, high, time, seq };
}

/** Two 32-bit lanes over a row's words or fields. */
class RowHash {
  low = 0;
  high = 0;

  of(batch: EventBatch, i: number, rule: KindRule): void {
    this.low = 0x9e3779b9;
    this.high = 0x85ebca6b;
    if (rule.by === 'words') {
      const at = i * RAW_BYTES;
      for (let byte = 0; byte < WORDS_BYTES; byte += 4) {
        const { raw } = batch;
        this.#add(
          raw[at + byte] |
            (raw[at + byte + 1] << 8) |
            (raw[at + byte + 2] << 16) |
            (raw[at + byte + 3] << 24),
        );
      }
      return;
    }
    const present = batch.present[i] & rule.fields;
    this.#add(batch.kind[i]);
    this.#add(present);
    if ((present & PRESENT.domainId) !== 0) this.#add(batch.domainId[i]);
    if ((present & PRESENT.pasid) !== 0) this.#add(batch.pasid[i]);
    if ((present & PRESENT.sourceId) !== 0) this.#add(batch.sourceId[i]);
    if ((present & PRESENT.range) !== 0) {
      this.#add(batch.page[i] % 0x1_0000_0000);
      this.#add(batch.page[i] / 0x1_0000_0000);
      this.#add(batch.pages[i] % 0x1_0000_0000);
      this.#add(batch.pages[i] / 0x1_0000_0000);
    }
  }

  #add(word: number): void {
    this.low = mix(this.low, word);
    this.high = mix(this.high, word ^ 0x5bd1e995);
  }
}

/** Stirs `word` into `hash`; also joins the hashes of neighbouring requests. */
export function mix(hash: number, word: number): number {
  let h = Math.imul(hash ^ word, 0xcc9e2d51);
  h = (h << 13) | (h >>> 19);
  h = Math.imul(h, 5) + 0x1b873593;
  h ^= h >>> 16;
  return Math.imul(h, 0x85ebca6b) >>> 0;
}
