// A lane: one issuing thread with its block, kept warm over many runs. Owns the thread and the block.

import { Worker } from 'node:worker_threads';

import { ToolError } from '../../collector/base/index.ts';
import { LaneMemory, layLane, type LaneWork } from './lane-memory.ts';
import { openLibrary } from './native/library.ts';
import type { NoiseFloor } from './noise.ts';
import type { ThreadState, ThreadWish } from './thread-class.ts';
import type { ThreadCpu } from './thread-cpu.ts';
import type { Answer, LoopName, Question } from './worker-job.ts';

/** The first floor, from an unknown machine; those that follow only look whether it has changed. */
const FIRST_NOISE_NS = 200e6;
const NEXT_NOISE_NS = 25e6;

export class Lane {
  readonly state: ThreadState;
  /** The latest noise floor. */
  noise: NoiseFloor | undefined;
  readonly #thread: Thread;
  #block: SharedArrayBuffer | undefined;

  private constructor(thread: Thread, state: ThreadState) {
    this.#thread = thread;
    this.state = state;
  }

  /** Throws ToolError where the wish is not granted, or the native loop can't be loaded. */
  static async open(wish: ThreadWish): Promise<Lane> {
    openLibrary(); // here, where its error keeps its code
    const thread = new Thread();
    try {
      const answer = await thread.ask({ kind: 'settle', wish });
      if (answer.kind === 'settled') return new Lane(thread, answer.state);
      if (answer.kind !== 'refused') throw unexpected(answer);
      const { what, why, hint } = answer.refusal;
      throw new ToolError('E_PERMISSION', `${what}: ${why}. Nothing was issued.`, { hint });
    } catch (error) {
      await thread.close();
      throw error;
    }
  }

  /** Measures the noise floor, shortly where it was measured before. */
  async measureNoise(): Promise<NoiseFloor> {
    const spanNs = this.noise === undefined ? FIRST_NOISE_NS : NEXT_NOISE_NS;
    const answer = await this.#thread.ask({ kind: 'noise', spanNs });
    if (answer.kind !== 'noise') throw unexpected(answer);
    this.noise = answer.floor;
    return answer.floor;
  }

  /** Lays `work` out and brings the thread to the gate. */
  async prepare(
    work: LaneWork,
    loop: LoopName,
    programs: readonly SharedArrayBuffer[],
    gate: Int32Array,
  ): Promise<LaneMemory> {
    this.#block = layLane(work, this.#block);
    const job = { loop, block: this.#block, programs, gate };
    const answer = await this.#thread.ask({ kind: 'run', job });
    if (answer.kind !== 'at-gate') throw unexpected(answer);
    return new LaneMemory(this.#block);
  }

  /** Resolves when the run that was prepared is over. */
  async done(): Promise<ThreadCpu> {
    const answer = await this.#thread.next();
    if (answer.kind !== 'done') throw unexpected(answer);
    return answer.cpuTime;
  }

  async close(): Promise<void> {
    await this.#thread.close();
  }
}

function unexpected(answer: Answer): Error {
  return new Error(`a lane's thread answered '${answer.kind}'`);
}

interface Waiting {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

/** Questions and answers in order; an error of the thread is thrown to whoever waits. */
class Thread {
  readonly #worker = new Worker(new URL('./worker.js', import.meta.url));
  readonly #answers: Answer[] = [];
  #failed: Error | undefined;
  #waiting: Waiting | undefined;

  constructor() {
    this.#worker.on('message', (answer: Answer) => {
      if (this.#waiting === undefined) this.#answers.push(answer);
      else this.#settle((waiting) => waiting.resolve(answer));
    });
    this.#worker.on('error', (cause: unknown) => {
      const text = `the issuing thread failed: ${String(cause)}`;
      this.#fail(new ToolError('E_IO', text, { cause }));
    });
    this.#worker.on('exit', () => this.#fail(new Error("a lane's thread ended")));
  }

  ask(question: Question): Promise<Answer> {
    this.#worker.postMessage(question);
    return this.next();
  }

  next(): Promise<Answer> {
    const answer = this.#answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #fail(error: Error): void {
    this.#failed ??= error;
    this.#settle((waiting) => waiting.reject(error));
  }

  #settle(how: (waiting: Waiting) => void): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) how(waiting);
  }
}
