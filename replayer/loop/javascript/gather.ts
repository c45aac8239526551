// The commands of one call, gathered from where each request's were encoded: one system call per host object
// for calls that carry arrays (docs/spec.md 2.3), each encoded call by itself otherwise.

import type { LaneMemory, LoopOutput } from '../lane-memory.ts';
import type { Machine } from './machine.ts';
import { StreamCursor } from './stream-cursor.ts';

/** struct iommu_hwpt_invalidate, in 32-bit words. */
const ARRAY = { target: 1, data: 2, entryLen: 5, entryNum: 6, WORDS: 8 } as const;

export class Gatherer {
  readonly #stream: StreamCursor;
  readonly #machine: Machine;
  readonly #memory: LaneMemory;
  readonly #stepEntryEnd: Uint32Array;
  readonly #passes: number;
  /** Counted over all passes. */
  #nextStep = 0;

  constructor(memory: LaneMemory, index: number, words: Uint32Array, machine: Machine) {
    this.#memory = memory;
    this.#machine = machine;
    this.#stream = new StreamCursor(memory, index, words);
    const struct = memory.streams[index];
    this.#passes = struct.get('passes');
    this.#stepEntryEnd = new Uint32Array(
      memory.shared,
      struct.get('entry_end_at'),
      struct.get('steps'),
    );
  }

  /** Makes the calls of `steps`, in that order of arrival. Returns the first errno. */
  issue(steps: readonly number[], output: LoopOutput, row: number): number {
    const tally = new Tally(steps);
    const calls = steps.flatMap((step) => this.#callsOf(step));
    if (calls.length === 1 || !calls.every((call) => this.#isArray(call))) {
      for (const call of calls) this.#make(call, tally);
    } else {
      const targets = new Set(calls.map((call) => this.#word(call, ARRAY.target)));
      for (const target of targets)
        this.#makeArray(
          calls.filter((call) => this.#word(call, ARRAY.target) === target),
          tally,
        );
    }
    return tally.write(output, row);
  }

  /** Makes the steps that were joined beforehand and whose last request is among the first `arrived`. */
  issuePlanned(arrived: number, output: LoopOutput, row: number): number {
    const steps: number[] = [];
    const count = this.#stepEntryEnd.length;
    for (; this.#nextStep < count * this.#passes; this.#nextStep++) {
      const step = this.#nextStep % count;
      const before = Math.floor(this.#nextStep / count) * this.#stepEntryEnd[count - 1];
      if (this.#stepEntryEnd[step] + before > arrived) break;
      steps.push(step);
    }
    const tally = new Tally(steps);
    for (const call of steps.flatMap((step) => this.#callsOf(step))) this.#make(call, tally);
    return tally.write(output, row);
  }

  #callsOf(step: number): readonly number[] {
    const from = step === 0 ? 0 : this.#stream.callEnd(step - 1);
    return Array.from({ length: this.#stream.callEnd(step) - from }, (_, i) => from + i);
  }

  #isArray(call: number): boolean {
    return this.#stream.doneWord[call] < this.#stream.words.length;
  }

  /** Word `at` of an encoded array's structure: its count stands at its done word. */
  #word(call: number, at: number): number {
    return this.#stream.words[this.#stream.doneWord[call] - ARRAY.entryNum + at];
  }

  #make(call: number, tally: Tally): void {
    const { fd, request, argument, commands, doneWord, words } = this.#stream;
    const isArray = this.#isArray(call);
    if (isArray) words[doneWord[call]] = commands[call];
    const error = this.#machine.call(fd, request[call], Number(argument[call]));
    tally.add(error, commands[call], isArray ? words[doneWord[call]] : undefined);
  }

  #makeArray(calls: readonly number[], tally: Tally): void {
    const { fd, request, commands, words, base } = this.#stream;
    const gather = this.#memory.gather;
    const [first] = calls;
    const entryLen = this.#word(first, ARRAY.entryLen);
    for (let i = 0; i < ARRAY.WORDS; i++) gather.words[i] = this.#word(first, i);
    const bytes = new Uint8Array(gather.words.buffer, gather.words.byteOffset);
    const from = new Uint8Array(words.buffer);
    let count = 0;
    for (const call of calls) {
      const data = this.#word(call, ARRAY.data) + this.#word(call, ARRAY.data + 1) * 2 ** 32 - base;
      const to = ARRAY.WORDS * 4 + count * entryLen;
      bytes.set(from.subarray(data, data + commands[call] * entryLen), to);
      count += commands[call];
    }
    const data = BigInt(gather.address + ARRAY.WORDS * 4);
    gather.words[ARRAY.data] = Number(data & 0xffff_ffffn);
    gather.words[ARRAY.data + 1] = Number(data >> 32n);
    gather.words[ARRAY.entryNum] = count;
    const error = this.#machine.call(fd, request[first], gather.address);
    tally.add(error, count, gather.words[ARRAY.entryNum]);
  }
}

/** What a row says of its calls. */
class Tally {
  readonly #steps: readonly number[];
  #calls = 0;
  #asked = 0;
  #reported = 0;
  #error = 0;

  constructor(steps: readonly number[]) {
    this.#steps = steps;
  }

  /** `done` as the kernel reported it; undefined where it reports none. */
  add(error: number, asked: number, done: number | undefined): void {
    this.#calls++;
    this.#asked += asked;
    this.#reported += done ?? (error === 0 ? asked : 0);
    if (this.#error === 0) this.#error = error;
  }

  write(output: LoopOutput, row: number): number {
    output.firstStep[row] = this.#steps.length === 0 ? 0 : Math.min(...this.#steps);
    output.lastStep[row] = this.#steps.length === 0 ? 0 : Math.max(...this.#steps);
    output.steps[row] = this.#steps.length;
    output.calls[row] = this.#calls;
    output.entries[row] = this.#asked;
    output.reported[row] = this.#reported;
    output.errno[row] = this.#error;
    return this.#error;
  }
}
