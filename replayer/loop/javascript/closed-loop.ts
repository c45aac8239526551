// The closed loop with real calls in plain JavaScript: drives replayer/closed-loop, which has the rules, and
// gathers each call's commands. What the native closed loop is compared with.

import { Agenda } from '../../closed-loop/agenda.ts';
import type { Driver, Observer } from '../../closed-loop/driver.ts';
import { ClosedLoop } from '../../closed-loop/loop.ts';
import { emptyOutput, type ClosedOutput, type ClosedWork } from '../closed-work.ts';
import type { LaneMemory } from '../lane-memory.ts';
import { Gatherer } from './gather.ts';
import { machineOf, type Machine } from './machine.ts';
import { waitUntil } from './wait.ts';

const EXITS_AND_POLLS = { servers: 'stream', exitNs: 0, pollNs: 0 } as const;

/** Runs the closed loop of `work` over the lane's streams. */
export function runClosedLoop(
  memory: LaneMemory,
  programs: readonly Uint32Array[],
  work: ClosedWork,
): ClosedOutput {
  return new Run(memory, programs, work).run();
}

class Run {
  readonly #memory: LaneMemory;
  readonly #work: ClosedWork;
  readonly #machine: Machine;
  readonly #gatherers: readonly Gatherer[];
  readonly #returns: Agenda;
  readonly #loop: ClosedLoop;
  readonly #out: ClosedOutput;
  /** By sequence number: its place in the output. */
  readonly #itemOf = new Map<number, number>();
  /** Requests in each call that is formed and not made. */
  readonly #seqsOf = new Map<number, number[]>();
  /** By stream: entries whose arrival a made call holds, and rows of its output. */
  readonly #calledTo: number[];
  readonly #rows: number[];
  #freeNs = 0;
  #isOver = false;

  constructor(memory: LaneMemory, programs: readonly Uint32Array[], work: ClosedWork) {
    const { submissions, grouping, serial } = work;
    this.#memory = memory;
    this.#work = work;
    this.#machine = machineOf(memory);
    this.#gatherers = memory.streams.map(
      (_, i) => new Gatherer(memory, i, programs[i], this.#machine),
    );
    this.#returns = new Agenda(submissions.streams.length + submissions.waiters.length);
    this.#out = emptyOutput(work);
    this.#out.items.forEach(({ seq }, item) => this.#itemOf.set(seq, item));
    this.#calledTo = memory.streams.map(() => 0);
    this.#rows = memory.streams.map(() => 0);
    const options = { serial, ...EXITS_AND_POLLS };
    const driver: Driver = { issue: (server, call) => this.#issue(server, call) };
    const observer = this.#observer();
    this.#loop = new ClosedLoop({ submissions, grouping, options, driver, observer });
  }

  /** As `simulate` goes through virtual time. */
  run(): ClosedOutput {
    const loop = this.#loop;
    const nextNs = new Float64Array(1);
    this.#machine.now();
    while (!this.#isOver) {
      nextNs[0] = Number.POSITIVE_INFINITY;
      loop.lower(nextNs);
      this.#returns.lower(nextNs);
      if (nextNs[0] === Number.POSITIVE_INFINITY) {
        if (!loop.flush()) break;
        continue;
      }
      loop.nowNs[0] = nextNs[0];
      for (;;) {
        loop.arrivals();
        if (this.#isOver || !this.#returns.isDue(loop.nowNs)) break;
        const server = this.#returns.next;
        this.#returns.remove(server);
        loop.completed(server);
      }
      if (!this.#isOver) loop.closings();
    }
    return this.#out;
  }

  #observer(): Observer {
    const out = this.#out;
    return {
      arrived: (_waiter, submission, i, nowNs) => {
        if (!this.#isOver) out.arrivalNs[this.#item(submission.row[i])] = nowNs;
      },
      formed: (call, calls, list, from, to) => {
        const seqs: number[] = [];
        for (let i = from; i < to; i++) {
          const { target } = this.#work.submissions.sorts[list.sort[i]];
          if (target === calls.target[call]) seqs.push(list.row[i]);
        }
        this.#seqsOf.set(call, seqs);
      },
      // Without the time in calls of the interval's earlier submissions, which only the engine knows.
      released: (stream, seq, _waiter, nowNs) => {
        if (this.#isOver) return;
        const item = this.#item(seq);
        out.releasedNs[item] = nowNs;
        out.stallNs[item] = nowNs - out.arrivalNs[item];
        out.releasedBy[item] = Math.max(0, this.#rows[stream] - 1);
      },
    };
  }

  #item(seq: number): number {
    return this.#itemOf.get(seq) ?? -1;
  }

  #issue(stream: number, call: number): void {
    if (this.#isOver) return;
    const memory = this.#memory;
    const output = memory.output(stream);
    const dueNs = this.#loop.nowNs[0];
    const nowNs = waitUntil(this.#machine, memory, dueNs, this.#machine.now());
    if (nowNs === undefined) {
      this.#isOver = true;
      return;
    }
    const row = this.#rows[stream]++;
    output.dueNs[row] = dueNs;
    output.freeNs[row] = this.#freeNs;
    output.issuedNs[row] = nowNs;
    const seqs = this.#seqsOf.get(call) ?? [];
    this.#calledTo[stream] += seqs.length;
    const error = this.#work.isPlanned
      ? this.#gatherers[stream].issuePlanned(this.#calledTo[stream], output, row)
      : this.#gatherers[stream].issue(
          seqs.map((seq) => this.#work.stepOf(seq)),
          output,
          row,
        );
    const completedNs = this.#machine.now();
    output.completedNs[row] = completedNs;
    memory.streams[stream].set('rows', row + 1);
    this.#freeNs = completedNs;
    Atomics.add(memory.words, memory.lane.wordOf('steps_done'), output.steps[row]);
    if (error !== 0 && memory.lane.get('stop_on_error') !== 0) this.#isOver = true;
    this.#returns.atNs[stream] = completedNs;
    this.#returns.set(stream);
  }
}
