// Finds the names of our events anywhere in a line, and tells an event from a mere mention of its name by the
// text that follows. Also finds what is left of an event whose name was cut or altered.

import { NameTable } from '../../base/index.ts';
import type { EventEntry } from './dispatch.ts';
import { EVENT_TEXTS } from './event-texts.ts';

const UNDERSCORE = 95;
const SPACE = 32;
const AT = 64;
const CAPITAL_T = 84;
/** A text this long belongs to one event only. */
const TELLING_BYTES = 8;
const FRAGMENT_BYTES = 4;
/** Names of other events that were looked at once; more are looked at again each time. */
const OTHERS_KEPT = 512;

interface Name {
  readonly entry: EventEntry;
  /** What each of the event's texts, over the versions, starts with; empty where it has none. */
  readonly leads: readonly string[];
}

export class EventFinder {
  /** Where the name that `next` found starts. */
  nameAt = 0;
  readonly #names: NameTable<Name>;
  readonly #words: readonly string[];
  readonly #telling: readonly string[];
  readonly #others = new NameTable<true>([]);
  /** True where the text that `next` went through may hold a time stamp. */
  mayHoldStamp = false;

  constructor(entries: readonly EventEntry[]) {
    const names = entries.map((entry): Name => {
      const leads = EVENT_TEXTS[entry.name].map((text) => text.split('%')[0]);
      return { entry, leads };
    });
    this.#names = new NameTable(names.map((name) => [name.entry.name, name] as const));
    this.#words = entries.map(({ name }) => name);
    this.#telling = names
      .flatMap(({ leads }) => leads)
      .filter((lead) => lead.length >= TELLING_BYTES);
  }

  /** The next of our events' names in `bytes[from … end)`, as a word of its own. */
  next(bytes: Uint8Array, from: number, end: number): EventEntry | undefined {
    let at = from;
    this.mayHoldStamp = false;
    while (at < end) {
      const code = bytes[at];
      if (code !== UNDERSCORE) {
        if (code === AT || (code === CAPITAL_T && isDigit(bytes[at + 1]))) this.mayHoldStamp = true;
        at++;
        continue;
      }
      let start = at;
      while (start > from && isWord(bytes[start - 1])) start--;
      let stop = at + 1;
      while (stop < end && isWord(bytes[stop])) stop++;
      const found = this.#names.find(bytes, start, stop);
      if (found !== undefined) {
        this.nameAt = start;
        return found.entry;
      }
      at = stop;
    }
    return undefined;
  }

  /** True where the name that `next` found is followed by a text of its event. */
  hasItsText(bytes: Uint8Array, end: number, entry: EventEntry): boolean {
    const at = this.nameAt + entry.name.length;
    const found = this.#names.find(bytes, this.nameAt, at);
    if (found === undefined) return false;
    if (at >= end) return found.leads.includes('');
    if (bytes[at] !== SPACE) return false;
    return found.leads.some((lead) => {
      if (lead === '') return at + 1 === end;
      for (let i = 0; i < lead.length; i++) {
        if (bytes[at + 1 + i] !== lead.charCodeAt(i)) return false;
      }
      return at + 1 + lead.length <= end;
    });
  }

  /** How the event at `from` is damaged: its name is `cut` or `altered`; undefined where it is none of ours. */
  damaged(bytes: Uint8Array, from: number, end: number): 'cut' | 'altered' | undefined {
    let stop = from;
    while (stop < end && isWord(bytes[stop])) stop++;
    if (stop - from < FRAGMENT_BYTES) return undefined;
    if (stop < end && this.#others.find(bytes, from, stop) === true) return undefined;
    const word = latin1(bytes, from, stop);
    if (stop === end) return this.#words.some((name) => name.startsWith(word)) ? 'cut' : undefined;
    if (this.#words.includes(word)) return 'cut'; // its text is: the name is whole
    const text = latin1(bytes, stop, Math.min(end, stop + 64));
    if (this.#telling.some((lead) => text.startsWith(` ${lead}`))) return 'altered';
    if (this.#others.size < OTHERS_KEPT) this.#others.add(bytes.slice(from, stop), true);
    return undefined;
  }

  /** True where one of our events with its text stands anywhere in `text`. */
  isIn(text: string): boolean {
    const bytes = Buffer.from(text, 'latin1');
    let at = 0;
    for (let entry = this.next(bytes, at, bytes.length); entry !== undefined;) {
      const line = bytes.indexOf(10, this.nameAt);
      if (this.hasItsText(bytes, line < 0 ? bytes.length : line, entry)) return true;
      at = this.nameAt + 1;
      entry = this.next(bytes, at, bytes.length);
    }
    return false;
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isWord(code: number): boolean {
  return (
    (code >= 97 && code <= 122) ||
    code === UNDERSCORE ||
    (code >= 48 && code <= 57) ||
    (code >= 65 && code <= 90)
  );
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}
