// Where one stream stands in its steps, read from a laid-out block: the columns, the next step and when it is
// due. What the native loop keeps in its STREAM structure.

import type { Struct } from '../block.ts';
import type { LaneMemory, LoopOutput } from '../lane-memory.ts';

interface Cut {
  (
    plan: { readonly steps: number; readonly dueNs: Float64Array; readonly entryEnd: Uint32Array },
    next: number,
    nowNs: number,
    maxEntries: number,
  ): number;
}

export class StreamCursor {
  readonly fd: number;
  readonly output: LoopOutput;
  readonly request: Uint32Array;
  readonly argument: BigUint64Array;
  readonly commands: Uint32Array;
  readonly doneWord: Uint32Array;
  readonly joinable: Uint8Array;
  /** The program's memory, and its address. */
  readonly words: Uint32Array;
  readonly base: number;
  step = 0;
  call = 0;
  row = 0;
  readonly #struct: Struct;
  readonly #steps: number;
  readonly #passes: number;
  readonly #periodNs: number;
  readonly #due: Float64Array;
  readonly #callEnd: Uint32Array;
  readonly #entryEnd: Uint32Array;
  #pass = 0;

  constructor(memory: LaneMemory, index: number, words: Uint32Array) {
    const struct = memory.streams[index];
    const { shared } = memory;
    const steps = struct.get('steps');
    this.#struct = struct;
    this.#steps = steps;
    this.#passes = struct.get('passes');
    this.#periodNs = struct.get('period_ns');
    this.#due = new Float64Array(shared, struct.get('due_at'), steps);
    this.#callEnd = new Uint32Array(shared, struct.get('call_end_at'), steps);
    this.#entryEnd = new Uint32Array(shared, struct.get('entry_end_at'), steps);
    const calls = steps === 0 ? 0 : this.#callEnd[steps - 1];
    this.fd = struct.get('fd');
    this.output = memory.output(index);
    this.request = new Uint32Array(shared, struct.get('request_at'), calls);
    this.argument = new BigUint64Array(shared, struct.get('argument_at'), calls);
    this.commands = new Uint32Array(shared, struct.get('commands_at'), calls);
    this.doneWord = new Uint32Array(shared, struct.get('done_word_at'), calls);
    this.joinable = new Uint8Array(shared, struct.get('joinable_at'), calls);
    this.words = words;
    this.base = struct.get('words');
  }

  get isThrough(): boolean {
    return this.#steps === 0 || this.#pass >= this.#passes;
  }

  /** When the next step is due. */
  get dueNs(): number {
    return this.#dueOf(this.step);
  }

  callEnd(step: number): number {
    return this.#callEnd[step];
  }

  /** Index after the last step of the group that goes out at `nowNs`. */
  groupEnd(nowNs: number, cut: Cut): number {
    const maxEntries = this.#struct.get('max_entries');
    if (maxEntries === 0) return this.step + 1;
    const steps = this.#steps;
    const dueNs = Float64Array.from({ length: steps }, (_, step) =>
      step < this.step ? Number.NEGATIVE_INFINITY : this.#dueOf(step),
    );
    return cut({ steps, dueNs, entryEnd: this.#entryEnd }, this.step, nowNs, maxEntries);
  }

  /** Goes on behind `last`. */
  advance(last: number): void {
    this.row++;
    this.call = this.#callEnd[last];
    this.step = last + 1;
    if (this.step === this.#steps) {
      this.step = this.call = 0;
      this.#pass++;
    }
    this.#struct.set('rows', this.row);
  }

  #dueOf(step: number): number {
    return Math.round(this.#due[step] + this.#pass * this.#periodNs);
  }
}
