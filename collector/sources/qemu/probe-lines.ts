// Records of QEMU's static probes as the lines that its log backend would have written, so that the families
// have one form to read, and the two backends cannot differ in what they mean.

import type { LossLog } from '../../model/index.ts';
import { HEAD, HEAD_BYTES, PROBE, RECORD } from '../vmm/layout.ts';
import { EVENT_TEXTS } from './event-texts.ts';

const HIGH_WORD_BIG = 1n << 32n;
const MICRO = 1000n;
const SECOND_MICROS = 1_000_000n;
/** A line is shorter: a stamp, a name, eight numbers, a text of 40 bytes. */
const LINE_ROOM = 512;
const FIRST_BYTES = 64 * 1024;

/** What an event's arguments are: `s` the address of a text, `d` signed 32 bits, `x` hex. */
export type ArgumentKind = 's' | 'd' | 'x';

/** The kinds of an event's arguments in their order; undefined for an event that we have no use for. */
export function probeArguments(event: string): readonly ArgumentKind[] | undefined {
  const template = EVENT_TEXTS[event]?.[0];
  return template === undefined
    ? undefined
    : [...template.matchAll(/%([sdx])/g)].map(([, kind]) => kind as ArgumentKind);
}

export class ProbeLines {
  readonly #events: readonly string[];
  readonly #losses: LossLog;
  /** Wall clock less the programs' clock, ns. */
  readonly #offsetNs: bigint;
  #lines = Buffer.alloc(FIRST_BYTES);
  #used = 0;
  #records = 0;

  /** `events`: names by the index that records carry. */
  constructor(
    events: readonly string[],
    { losses, offsetNs }: { readonly losses: LossLog; readonly offsetNs: bigint },
  ) {
    this.#events = events;
    this.#losses = losses;
    this.#offsetNs = offsetNs;
  }

  /** Adds the line of the record at byte `at`. */
  take(bytes: Uint8Array, words: Uint32Array, at: number): void {
    const head = at / 4;
    const event = this.#events.at(words[head + HEAD.object]);
    if (words[head + HEAD.kind] !== RECORD.probe || event === undefined) {
      this.#losses.skipped++;
      return;
    }
    this.#records++;
    const ns = BigInt(words[head + HEAD.ns + 1]) * HIGH_WORD_BIG + BigInt(words[head + HEAD.ns]);
    const micros = (ns + this.#offsetNs) / MICRO;
    const stamp = `${micros / SECOND_MICROS}.${String(micros % SECOND_MICROS).padStart(6, '0')}`;
    const text = textOf(event, { bytes, words, at: at + HEAD_BYTES });
    this.#append(`${words[head + HEAD.thread]}@${stamp}:${event} ${text}\n`);
  }

  /** Counts what the programs could not hand over. */
  lose(count: number): void {
    this.#losses.add(this.#records, 'event', 'the ring buffer was full', count);
  }

  /** The lines since the last call. */
  lines(): Uint8Array {
    const lines = this.#lines.subarray(0, this.#used);
    this.#used = 0;
    return lines;
  }

  #append(line: string): void {
    if (this.#used + LINE_ROOM > this.#lines.length) {
      const larger = Buffer.alloc(this.#lines.length * 2);
      larger.set(this.#lines);
      this.#lines = larger;
    }
    this.#used += this.#lines.write(line, this.#used, 'latin1');
  }
}

function textOf(
  event: string,
  { bytes, words, at }: { bytes: Uint8Array; words: Uint32Array; at: number },
): string {
  let argument = 0;
  return (EVENT_TEXTS[event]?.[0] ?? '').replaceAll(/%([sdx])/g, (_, kind: string) => {
    const word = at / 4 + 2 * argument++;
    if (kind === 's') return textAt(bytes, at + PROBE.text);
    if (kind === 'd') return String(words[word] | 0);
    return hexOf(words[word], words[word + 1]);
  });
}

function textAt(bytes: Uint8Array, at: number): string {
  let text = '';
  for (let i = at; i < at + PROBE.textBytes && bytes[i] !== 0; i++) {
    text += String.fromCharCode(bytes[i]);
  }
  return text;
}

/** A number of 64 bits does not fit a double. */
function hexOf(low: number, high: number): string {
  return high === 0 ? low.toString(16) : high.toString(16) + low.toString(16).padStart(8, '0');
}
