// Is what a closed loop did possible, and safe? Told of each arrival, call, completion and release in the
// order in which they happened, and decides by itself: shares no code with planner, strategies and loop.
// The conditions are those of design §5 and §13.

import { PRESENT, SCOPE } from '../../collector/model/index.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { covers } from './covers.ts';
import type { BrokenRequest } from './verdict.ts';

const NAMED = 20;

/** Where a step carried a request that its waiter could not have asked yet. */
export interface Impossible {
  readonly seq: number;
  readonly reason: string;
}

export interface Possible {
  readonly is: boolean;
  /** The first of them; `count` counts all. */
  readonly where: readonly Impossible[];
  readonly count: number;
}

/** What a run's conditions depend on besides its events. */
export interface CheckRules {
  /** The VMM sees maps, so that a barrier released early exposes and does not corrupt. */
  readonly mapsTrap: boolean;
  /** A page that nobody asked for may be live: an entry wider than its requests destroys it. */
  readonly extraPagesDestroy: boolean;
}

/** What a request asks but for its range, in the terms of its row. */
export interface AskedTags {
  readonly kind: number;
  readonly scope: number;
  readonly flags: number;
  readonly present: number;
  readonly domainId: number;
  readonly pasid: number;
  readonly sourceId: number;
}

interface Asked extends AskedTags {
  readonly page: number;
  readonly pages: number;
  readonly seq: number;
  /** Place in the arrivals of its stream. */
  readonly order: number;
  /** Barriers and configuration rows of the stream that had arrived before it. */
  readonly barriers: number;
  readonly configurations: number;
  /** When a barrier after it was released although it was not done; NaN where none was. */
  exposedNs: number;
}

interface StreamOfRun {
  asked: number;
  barriers: number;
  configurations: number;
  /** In no call yet, in order of arrival. */
  readonly waiting: Asked[];
  /** In a call that has not completed. */
  readonly out: Map<number, Asked[]>;
  /** Barriers that have arrived: entries of the stream that had arrived before each. */
  readonly before: Map<number, number>;
}

interface WaiterOfRun {
  /** By stream: its last row. Order means nothing between streams. */
  readonly lastSeq: Map<number, number>;
  /** The waiter's own barrier that is not released, and the doorbell that brought it; -1 where none is. */
  barrier: number;
  doorbell: number;
}

export class RunCheck {
  requestsExposed = 0;
  exposurePageNs = 0;
  unboundedExposed = 0;
  broken = 0;
  readonly brokenNamed: BrokenRequest[] = [];
  impossible = 0;
  readonly impossibleNamed: Impossible[] = [];
  readonly #rules: CheckRules;
  readonly #streams = new Map<number, StreamOfRun>();
  readonly #waiters = new Map<number, WaiterOfRun>();

  constructor(rules: CheckRules) {
    this.#rules = rules;
  }

  /** `doorbell` is the same number for all rows that arrive together, and no other's of that waiter. */
  arrived(waiter: number, doorbell: number, stream: number, seq: number): void {
    let its = this.#waiters.get(waiter);
    if (its === undefined) {
      its = { lastSeq: new Map(), barrier: -1, doorbell: -1 };
      this.#waiters.set(waiter, its);
    }
    if (seq <= (its.lastSeq.get(stream) ?? -1))
      this.#refuse(seq, 'its waiter had asked a later row before');
    its.lastSeq.set(stream, seq);
    if (its.barrier >= 0 && its.doorbell !== doorbell)
      this.#refuse(seq, `its waiter stands still until barrier ${its.barrier} is released`);
  }

  barrier(waiter: number, doorbell: number, stream: number, seq: number): void {
    const its = this.#waiters.get(waiter);
    // Further barriers under the doorbell are other CPUs' (rule 3).
    if (its !== undefined && its.doorbell !== doorbell) {
      its.barrier = seq;
      its.doorbell = doorbell;
    }
    const run = this.#stream(stream);
    run.barriers++;
    run.before.set(seq, run.asked);
  }

  configuration(stream: number): void {
    this.#stream(stream).configurations++;
  }

  request(stream: number, seq: number, its: AskedTags, page: number, pages: number): void {
    const run = this.#stream(stream);
    const { asked: order, barriers, configurations } = run;
    run.asked++;
    run.waiting.push({
      kind: its.kind,
      scope: its.scope,
      flags: its.flags,
      present: its.present,
      domainId: its.domainId,
      pasid: its.pasid,
      sourceId: its.sourceId,
      page,
      pages,
      seq,
      order,
      barriers,
      configurations,
      exposedNs: Number.NaN,
    });
  }

  /** A call with all entries of `entries` goes out. */
  issued(call: number, stream: number, entries: StepBatch): void {
    const run = this.#stream(stream);
    const taken = this.#takeCovered(run, entries);
    if (taken.length > 0) run.out.set(call, taken);
    let last: Asked | undefined;
    for (const one of taken) {
      if (one.configurations < run.configurations)
        this.#break(one.seq, 'its entry moves across a configuration row of its stream');
      if (last !== undefined && last.kind !== one.kind && last.barriers !== one.barriers)
        this.#break(
          one.seq,
          `it shares a call with seq ${last.seq}, which a barrier parts from it`,
        );
      last = one;
    }
    if (!this.#rules.extraPagesDestroy) return;
    for (let i = 0; i < entries.entries; i++)
      if (entries.widened[i] === 1)
        this.#break(entries.entryFirstSeq[i], 'its entry unmaps pages that nobody asked for');
  }

  completed(call: number, stream: number, nowNs: number): void {
    const run = this.#stream(stream);
    const done = run.out.get(call);
    if (done === undefined) return;
    run.out.delete(call);
    for (const one of done) {
      if (Number.isNaN(one.exposedNs) || (one.scope & SCOPE.vaddr) === 0) continue;
      this.exposurePageNs += one.pages * (nowNs - one.exposedNs);
    }
  }

  released(waiter: number, stream: number, seq: number, nowNs: number): void {
    const run = this.#stream(stream);
    const before = run.before.get(seq);
    if (before === undefined) {
      this.#break(seq, 'is released, but is no barrier that has arrived, or is released again');
      return;
    }
    run.before.delete(seq);
    const its = this.#waiters.get(waiter);
    if (its?.barrier === seq) its.barrier = -1;
    for (const one of run.waiting) this.#expose(one, before, nowNs);
    for (const call of run.out.values()) for (const one of call) this.#expose(one, before, nowNs);
  }

  /** Nothing more happens. */
  end(): void {
    for (const run of this.#streams.values()) {
      for (const one of run.waiting) this.#break(one.seq, 'no call after its arrival covers it');
      for (const seq of run.before.keys()) this.#break(seq, 'this barrier is never released');
    }
  }

  get possible(): Possible {
    return { is: this.impossible === 0, where: this.impossibleNamed, count: this.impossible };
  }

  get verdictClass(): 'strict' | 'deferred' | 'corrupting' | 'broken' {
    if (this.broken > 0) return 'broken';
    if (this.requestsExposed === 0) return 'strict';
    return this.#rules.mapsTrap ? 'deferred' : 'corrupting';
  }

  /** Takes what the entries cover out of what waits. */
  #takeCovered(run: StreamOfRun, entries: StepBatch): Asked[] {
    const taken: Asked[] = [];
    let kept = 0;
    let next = 0;
    for (const one of run.waiting) {
      // Mostly the entries are the requests, in their order.
      if (
        next < entries.entries &&
        entries.entryFirstSeq[next] === one.seq &&
        coversOne(entries, next, one)
      ) {
        next++;
        taken.push(one);
      } else if (isCovered(entries, one)) {
        taken.push(one);
      } else {
        run.waiting[kept++] = one;
      }
    }
    run.waiting.length = kept;
    return taken;
  }

  #expose(one: Asked, before: number, nowNs: number): void {
    if (one.order >= before || !Number.isNaN(one.exposedNs)) return;
    one.exposedNs = nowNs;
    this.requestsExposed++;
    if ((one.present & PRESENT.range) === 0) this.unboundedExposed++;
  }

  #break(seq: number, reason: string): void {
    this.broken++;
    if (this.brokenNamed.length < NAMED) this.brokenNamed.push({ seq, reason });
  }

  #refuse(seq: number, reason: string): void {
    this.impossible++;
    if (this.impossibleNamed.length < NAMED) this.impossibleNamed.push({ seq, reason });
  }

  #stream(number: number): StreamOfRun {
    let run = this.#streams.get(number);
    if (run === undefined) {
      run = {
        asked: 0,
        barriers: 0,
        configurations: 0,
        waiting: [],
        out: new Map(),
        before: new Map(),
      };
      this.#streams.set(number, run);
    }
    return run;
  }
}

const single = {
  kind: new Uint8Array(1),
  scope: new Uint8Array(1),
  flags: new Uint16Array(1),
  present: new Uint8Array(1),
  domainId: new Uint32Array(1),
  pasid: new Uint32Array(1),
  sourceId: new Uint32Array(1),
  page: new Float64Array(1),
  pages: new Float64Array(1),
};

function coversOne(entries: StepBatch, entry: number, one: Asked): boolean {
  single.kind[0] = one.kind;
  single.scope[0] = one.scope;
  single.flags[0] = one.flags;
  single.present[0] = one.present;
  single.domainId[0] = one.domainId;
  single.pasid[0] = one.pasid;
  single.sourceId[0] = one.sourceId;
  single.page[0] = one.page;
  single.pages[0] = one.pages;
  return covers(entries, entry, single, 0);
}

/** True where one entry covers it, or several that follow each other do. */
function isCovered(entries: StepBatch, one: Asked): boolean {
  for (let i = 0; i < entries.entries; i++) if (coversOne(entries, i, one)) return true;
  return (one.present & PRESENT.range) !== 0 && isCoveredInParts(entries, one);
}

function isCoveredInParts(entries: StepBatch, one: Asked): boolean {
  const end = one.page + one.pages;
  let reached = one.page;
  for (;;) {
    let further = reached;
    for (let i = 0; i < entries.entries; i++) {
      const from = entries.page[i];
      const to = from + entries.pages[i];
      if ((entries.present[i] & PRESENT.range) === 0 || from > reached || to <= further) continue;
      const part = { ...one, page: reached, pages: Math.min(to, end) - reached };
      if (coversOne(entries, i, part)) further = to;
    }
    if (further >= end) return true;
    if (further === reached) return false;
    reached = further;
  }
}
