// The records of the tap as rows. They come in the order in which calls began and returned, whichever thread
// made them, so nothing is put in order here. What is lost is placed by the count that each record carries,
// and held against the kernel's own counts at the end.

import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { OpenSource, SourceFacts } from '../source.ts';
import { HEAD, HEAD_BYTES, RECORD, RETURN, type Counts } from './layout.ts';
import { VmmRows, type CallPlace } from './rows.ts';

const HIGH_WORD = 2 ** 32;

export class VmmRecords implements OpenSource {
  readonly losses = new LossLog();
  readonly #rows: VmmRows;
  readonly #place: Mutable<CallPlace> = {
    process: 0,
    thread: 0,
    fd: 0,
    object: 0,
    dataType: 0,
    isUnmap: false,
  };
  /** Time of the first record, boot clock, in halves. */
  #startLow = 0;
  #startHigh = -1;
  #lost = 0;
  #lastNs = 0;

  constructor(out: EventBuilder) {
    this.#rows = new VmmRows(out, this.losses);
  }

  /** Takes the record at byte `at` of `bytes`, of which `words` is another view. */
  take(bytes: Uint8Array, words: Uint32Array, at: number): void {
    const head = at / 4;
    if (this.#startHigh < 0) {
      this.#startLow = words[head + HEAD.ns];
      this.#startHigh = words[head + HEAD.ns + 1];
    }
    const ns = this.#time(words, head + HEAD.ns);
    const lost = words[head + HEAD.lost] + words[head + HEAD.lost + 1] * HIGH_WORD;
    if (lost > this.#lost) this.#lose(lost - this.#lost, ns);
    const place = this.#place;
    place.process = words[head + HEAD.process];
    place.thread = words[head + HEAD.thread];
    place.fd = words[head + HEAD.fd];
    place.object = words[head + HEAD.object];
    place.dataType = words[head + HEAD.dataType];
    const payload = at + HEAD_BYTES;
    const entryBytes = words[head + HEAD.entryBytes];
    switch (words[head + HEAD.kind]) {
      case RECORD.entries:
        place.isUnmap = false;
        for (let i = 0; i < words[head + HEAD.count]; i++) {
          this.#rows.entry(place, ns, { bytes, at: payload + i * entryBytes, length: entryBytes });
        }
        break;
      case RECORD.unmap:
        place.isUnmap = true;
        this.#rows.unmap(place, ns, { bytes, at: payload, length: 16 });
        break;
      case RECORD.map:
        place.isUnmap = true; // names an IOAS too
        this.#rows.map(place, ns, { bytes, at: payload, length: 16 });
        break;
      case RECORD.return: {
        const word = payload / 4;
        this.#rows.returned(place, ns, {
          low: words[word + RETURN.result / 4],
          high: words[word + RETURN.result / 4 + 1],
          done: words[word + RETURN.done / 4],
          asked: words[word + RETURN.asked / 4],
          spentNs: ns - this.#time(words, word + RETURN.beganNs / 4),
        });
        break;
      }
      default:
        this.losses.skipped++; // of another program
    }
    this.#lastNs = ns;
  }

  /** Holds what became rows against what the kernel counted. Call once, when nothing more comes. */
  close(counts: Counts): void {
    const { lostRows, lostReturns, unreadable, beyond } = counts;
    const known = lostRows + lostReturns + unreadable + beyond;
    if (known > this.#lost) this.#lose(known - this.#lost, this.#lastNs);
    const kept = this.#rows.entryRows + this.#rows.barrierRows;
    const { unreadable: empty } = this.#rows;
    if (empty > 0) this.losses.add(kept, 'event', 'entries that were all zero', empty);
    const missing = counts.rows + counts.returns - known - empty - kept;
    if (missing > 0) this.losses.add(kept, 'event', 'entries or returns did not arrive', missing);
  }

  facts(): SourceFacts {
    const start = BigInt(Math.max(0, this.#startHigh)) * BigInt(HIGH_WORD) + BigInt(this.#startLow);
    return {
      ...this.#rows.facts(),
      clock: { name: 'boot', start_ns: String(start), resolution_ns: 1, pairs: [] },
    };
  }

  #time(words: Uint32Array, at: number): number {
    return (words[at + 1] - this.#startHigh) * HIGH_WORD + (words[at] - this.#startLow);
  }

  #lose(count: number, ns: number): void {
    this.#lost += count;
    this.losses.addPlace({
      at: this.#rows.entryRows + this.#rows.barrierRows,
      unit: 'event',
      lost: count,
      reason: 'the ring buffer was full, or entries could not be read',
      from_ns: this.#lastNs,
      to_ns: ns,
    });
  }
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };
