// The text that tracefs prints for kprobes on iommufd's own functions (spec 6.3): live from our probes, or from
// a file. Events are put together by thread up to the return; a call of which one is missing is lost.

import { LineSplitter } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { UNMAP_BYTES, VmmRows, type CallPlace } from './rows.ts';

/** `comm-TID [CPU] flags SECONDS.MICROS: name: (address) fields`; a comm may hold anything, also brackets. */
const EVENT =
  /^.*-(\d+) +(?:\(.{1,10}\) +)?\[(\d{3,})\] +\S+ +(\d+)\.(\d{6}): (inv|unmap)_(?:\d+_)?(enter|exit|data\d*): \([^)]*\) (.*)$/;
const LOST = /^\s*CPU:(\d+) \[LOST (?:(\d+) )?EVENTS\]/;
const FIELD = /^(\w+)=(-?\d+|0x[0-9a-f]+|\(fault\))$/;
const WORD = /^e(\d{1,4})$/;
const WORD_BYTES = 8;
const U64 = 64;
const LOW_WORD = 0xffff_ffffn;

export const kprobeText: StreamForm = {
  kind: 'stream',
  name: 'kprobe text',
  recognises: (head) =>
    / inv_\w+: \(iommufd_hwpt_invalidate\+/.test(Buffer.from(head).toString('latin1')),
  open: (out) => new KprobeTextParser(out),
};

interface Call {
  readonly place: CallPlace;
  readonly enterNs: number;
  readonly entryBytes: number;
  readonly entries: number;
  readonly ns: number;
  readonly result: number;
  readonly done: number;
}

/** What came of a thread's call since its last return. */
interface Group {
  readonly fields: Map<string, bigint>;
  readonly words: Map<number, bigint>;
  enterNs: number | undefined;
  /** Two events of one name: a return between them was lost. */
  isMixed: boolean;
  readonly names: Set<string>;
}

export class KprobeTextParser implements SourceParser {
  readonly losses = new LossLog();
  /** Events that lines told as lost, by CPU. */
  readonly toldLost = new Map<number, number>();
  readonly #rows: VmmRows;
  readonly #lines: LineSplitter;
  readonly #groups = new Map<number, Group>();
  readonly #clock: string;
  #baseSeconds = -1;

  /** Text does not tell its clock. */
  constructor(out: EventBuilder, clock = 'unknown') {
    this.#clock = clock;
    this.#rows = new VmmRows(out, this.losses);
    this.#lines = new LineSplitter({
      line: (bytes, start, end, number, whole) => {
        if (end === start) return;
        const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
        this.#line(text, number, whole);
      },
    });
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  end(): void {
    this.#lines.end();
    this.#giveUp('calls that had not returned at the end', this.#lines.lines);
    if (this.#rows.unreadable > 0) {
      this.losses.add(
        this.#lines.lines,
        'line',
        'entries whose memory could not be read',
        this.#rows.unreadable,
      );
    }
  }

  facts(): SourceFacts {
    const first = Number.isNaN(this.#rows.firstRow) ? 0 : this.#rows.firstRow;
    const base = BigInt(Math.max(0, this.#baseSeconds)) * 1_000_000_000n;
    return {
      ...this.#rows.facts(),
      clock: {
        name: this.#clock,
        start_ns: String(base + BigInt(first)),
        resolution_ns: 1000,
        pairs: [],
      },
      detail: `kprobes, ${this.#lines.lines} lines`,
    };
  }

  #line(text: string, number: number, whole: boolean): void {
    const lost = LOST.exec(text);
    if (lost !== null) {
      const [cpu, events] = [Number(lost[1]), Number(lost[2] ?? 1)];
      this.toldLost.set(cpu, (this.toldLost.get(cpu) ?? 0) + events);
      this.losses.add(number, 'line', `events of CPU ${cpu} lost in the kernel buffer`, events);
      this.#giveUp('calls that the lost events may belong to', number);
      return;
    }
    const event = EVENT.exec(text);
    if (event === null) {
      this.losses.skipped++;
      return;
    }
    const [, tid, , seconds, micros, call, what, fields] = event;
    const name = `${call}_${what}`;
    if (this.#baseSeconds < 0) this.#baseSeconds = Number(seconds);
    const ns = (Number(seconds) - this.#baseSeconds) * 1e9 + Number(micros) * 1000;
    const group = this.#group(Number(tid));
    if (!whole || !takeFields(group, name, fields)) group.isMixed = true;
    if (what === 'enter') group.enterNs = ns;
    if (what === 'exit') this.#return(Number(tid), group, ns, number);
  }

  #group(tid: number): Group {
    let group = this.#groups.get(tid);
    if (group === undefined) {
      group = {
        fields: new Map(),
        words: new Map(),
        enterNs: undefined,
        isMixed: false,
        names: new Set(),
      };
      this.#groups.set(tid, group);
    }
    return group;
  }

  #return(tid: number, group: Group, ns: number, line: number): void {
    this.#groups.delete(tid);
    const isUnmap = group.names.has('unmap_exit');
    const call = isUnmap ? unmapOf(tid, group, ns) : invalidationOf(tid, group, ns);
    if (call === undefined) {
      this.#lose(group, 'calls of which an event is missing', line);
      return;
    }
    const bytes = isUnmap ? rangeOf(group) : payloadOf(call, group.words);
    const { place, enterNs, entryBytes: length } = call;
    const whole = Math.min(call.entries, Math.floor(bytes.length / Math.max(1, length)));
    for (let i = 0; i < whole; i++) {
      const payload = { bytes, at: i * length, length };
      if (isUnmap) this.#rows.unmap(place, enterNs, payload);
      else this.#rows.entry(place, enterNs, payload);
    }
    this.#rows.returned(place, call.ns, {
      low: call.result >>> 0,
      high: call.result < 0 ? 0xffff_ffff : 0, // sign extended, as the system call's is
      done: call.done,
      asked: call.entries,
      spentNs: call.ns - enterNs,
    });
    const beyond = call.entries - whole;
    if (beyond > 0) this.losses.add(line, 'line', 'entries beyond what the probes read', beyond);
  }

  /** Its entries, where it told how many, and its return. */
  #lose(group: Group, reason: string, line: number): void {
    const entries = group.isMixed ? 1 : Math.max(1, Number(group.fields.get('num') ?? 1n));
    this.losses.add(line, 'line', reason, entries + 1);
  }

  #giveUp(reason: string, line: number): void {
    for (const group of this.#groups.values()) this.#lose(group, reason, line);
    this.#groups.clear();
  }
}

/** False where the event cannot be of this group, or is damaged. */
function takeFields(group: Group, name: string, text: string): boolean {
  if (group.names.has(name)) return false;
  group.names.add(name);
  for (const part of text.split(' ')) {
    const [, key, value] = FIELD.exec(part) ?? [];
    if (value === undefined) return false;
    if (value === '(fault)') continue;
    const word = WORD.exec(key);
    if (word === null) group.fields.set(key, BigInt(value));
    else group.words.set(Number(word[1]), BigInt(value));
  }
  return true;
}

function invalidationOf(tid: number, group: Group, ns: number): Call | undefined {
  const { enterNs, isMixed } = group;
  const [num, object, dataType, entryBytes, result] = numbers(group, [
    'num',
    'hwpt',
    'dtype',
    'elen',
    'ret',
  ]);
  if (isMixed || enterNs === undefined || num === undefined || entryBytes === undefined)
    return undefined;
  const [done] = numbers(group, ['done']);
  return {
    place: placeOf(tid, object, { dataType: dataType ?? 0, isUnmap: false }),
    enterNs,
    entryBytes,
    entries: num,
    ns,
    result: result ?? 0,
    done: done ?? (result === 0 ? num : 0),
  };
}

function unmapOf(tid: number, group: Group, ns: number): Call | undefined {
  const { enterNs, isMixed } = group;
  const [object, result] = numbers(group, ['ioas', 'ret']);
  if (isMixed || enterNs === undefined || !group.fields.has('iova')) return undefined;
  return {
    place: placeOf(tid, object, { dataType: 0, isUnmap: true }),
    enterNs,
    entryBytes: UNMAP_BYTES,
    entries: 1,
    ns,
    result: result ?? 0,
    done: 0,
  };
}

/** Of the process and the descriptor the text says nothing. */
function placeOf(
  thread: number,
  object: number | undefined,
  what: Pick<CallPlace, 'dataType' | 'isUnmap'>,
): CallPlace {
  return { process: 0, thread, fd: undefined, object: object ?? 0, ...what };
}

function numbers(group: Group, names: readonly string[]): readonly (number | undefined)[] {
  return names.map((name) => {
    const value = group.fields.get(name);
    return value === undefined ? undefined : Number(value);
  });
}

function rangeOf(group: Group): Uint8Array {
  const range = new Uint8Array(UNMAP_BYTES);
  putWord(range, 0, group.fields.get('iova') ?? 0n);
  putWord(range, WORD_BYTES, group.fields.get('len') ?? 0n);
  return range;
}

/** The call's entries up to the first word that is missing. */
function payloadOf(call: Call, words: ReadonlyMap<number, bigint>): Uint8Array {
  const wanted = call.entries * call.entryBytes;
  let have = 0;
  while (have * WORD_BYTES < wanted && words.has(have)) have++;
  const bytes = new Uint8Array(have * WORD_BYTES);
  for (let i = 0; i < have; i++) putWord(bytes, i * WORD_BYTES, words.get(i) ?? 0n);
  return bytes.subarray(0, Math.min(wanted, bytes.length));
}

function putWord(into: Uint8Array, at: number, word: bigint): void {
  const view = new DataView(into.buffer, into.byteOffset);
  const value = BigInt.asUintN(U64, word);
  view.setUint32(at, Number(value & LOW_WORD), true);
  view.setUint32(at + 4, Number(value >> 32n), true);
}
