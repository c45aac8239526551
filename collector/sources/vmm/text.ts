// The text that our bpftrace program prints, live or from a file. One line is one of: B begin, E call
// entered, W words of its entries, X call returned, or a count of the kernel's at the end.

import { LineSplitter } from '../../base/index.ts';
import { LossLog, type EventBuilder } from '../../model/index.ts';
import type { ImportSource, SourceFacts, SourceParser, StreamForm } from '../source.ts';
import { VmmCalls, type Call } from './calls.ts';

const COUNT = /^@(enters|exits|entries): (\d+)$/;
const LINE = /^[BEUWX](?: -?\w+)+$/;

export const vmmText: StreamForm = {
  kind: 'stream',
  name: 'tap text',
  recognises: (head) =>
    Buffer.from(head.subarray(0, 64)).toString('latin1').startsWith('B iotlb-vmm-1 '),
  open: (out) => new VmmTextParser(out),
};

export const vmm: ImportSource = {
  name: 'vmm',
  summary: "what 'iotlb record --source vmm' printed: a VMM's own ioctls with their entries",
  needs: 'the VMM must have called IOMMU_HWPT_INVALIDATE or unmapped something',
  forms: [vmmText],
};

class VmmTextParser implements SourceParser {
  readonly losses = new LossLog();
  readonly #calls: VmmCalls;
  readonly #lines: LineSplitter;
  /** The kernel's own counts, which no full buffer can lose. */
  readonly #counts = new Map<string, number>();
  #startNs = 0;

  constructor(out: EventBuilder) {
    this.#calls = new VmmCalls(out, this.losses);
    this.#lines = new LineSplitter({
      line: (bytes, start, end, _number, whole) => this.#line(bytes, start, end, whole),
    });
  }

  push(bytes: Uint8Array): void {
    this.#lines.push(bytes);
  }

  end(): void {
    this.#lines.end();
    this.#calls.end();
    this.#reconcile();
  }

  facts(): SourceFacts {
    const first = Number.isNaN(this.#calls.firstRow) ? this.#startNs : this.#calls.firstRow;
    return {
      clock: { name: 'boot', start_ns: String(first), resolution_ns: 1, pairs: [] },
      barriers: 'seen',
      barrierRule:
        'a barrier is the return of an ioctl; its words: return value, entries done and asked, ns in the call',
      streams: this.#calls.streams(),
      iommu: 'as the VMM uses it (iommufd, VFIO)',
      detail: `tap, ${this.#lines.lines} lines`,
    };
  }

  /** What the kernel counted and no line told is lost, to the entry. */
  #reconcile(): void {
    const counted = (name: string): number => this.#counts.get(name) ?? 0;
    const missing = (name: string, kept: number, what: string): void => {
      const lost = counted(name) - kept;
      if (lost > 0) this.losses.add(this.#lines.lines, 'line', what, lost);
    };
    missing(
      'entries',
      this.#calls.entryRows,
      `entries of ${counted('enters')} calls not read or not printed`,
    );
    missing('exits', this.#calls.barrierRows, 'returns not printed');
  }

  #line(bytes: Uint8Array, start: number, end: number, whole: boolean): void {
    if (end === start) return;
    const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
    const count = COUNT.exec(text);
    if (count !== null) {
      this.#counts.set(count[1], Number(count[2]));
    } else if (!whole || !LINE.test(text) || !this.#take(text.split(' '))) {
      // Not counted as loss: what a damaged line held is missing from the kernel's count.
      this.losses.skipped++;
    }
  }

  #take(parts: readonly string[]): boolean {
    const [kind, ...rest] = parts;
    if (kind === 'B') {
      this.#startNs = Number(rest[1] ?? 0);
      return true;
    }
    if (kind === 'W') return this.#words(rest);
    if (kind === 'U') return this.#unmap(rest);
    const [ns, tid, call, ...fields] = rest.map(Number);
    if (![ns, tid, call, ...fields].every(Number.isFinite)) return false;
    switch (kind) {
      case 'E':
        return fields.length === 4 && this.#enter(tid, call, ns, fields);
      case 'X':
        if (rest.length !== 5) return false;
        this.#calls.exit(tid, call, { ns, result: BigInt(rest[3]), done: fields[1] });
        return true;
      default:
        return false;
    }
  }

  #enter(tid: number, number: number, enterNs: number, fields: readonly number[]): boolean {
    const [object, dataType, entryBytes, entries] = fields;
    const call: Call = {
      enterNs,
      object,
      kind: 'invalidate',
      dataType,
      entryBytes,
      entries,
      words: [],
    };
    this.#calls.enter(tid, number, call);
    return true;
  }

  /** `U ns tid call object iova length`, the last two in hex. */
  #unmap(rest: readonly string[]): boolean {
    const [enterNs, tid, number, object] = rest.slice(0, 4).map(Number);
    const words = rest.slice(4);
    if (![enterNs, tid, number, object].every(Number.isFinite)) return false;
    if (words.length !== 2 || !words.every(isHex)) return false;
    this.#calls.enter(tid, number, {
      enterNs,
      // Object ids start at 1; 0 stands for VFIO type1, which has none.
      object: object === 0 ? undefined : object,
      kind: 'unmap',
      dataType: 0,
      entryBytes: 16,
      entries: 1,
      words: words.map((word) => BigInt(`0x${word}`)),
    });
    return true;
  }

  /** `W tid call first w0 w1 …`, words in hex. */
  #words(rest: readonly string[]): boolean {
    const [tid, number, first, ...words] = rest;
    if (words.length === 0 || !words.every(isHex)) return false;
    this.#calls.words(
      Number(tid),
      Number(number),
      Number(first),
      words.map((word) => BigInt(`0x${word}`)),
    );
    return true;
  }
}

const isHex = (word: string): boolean => /^[0-9a-f]{1,16}$/.test(word);
