// The check of closed-loop runs: what is right passes, and each damage that a run can have is planted and found.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { KIND, PRESENT, SCOPE } from '../../../collector/model/index.ts';
import { StepBatch } from '../../../replayer/steps/step-batch.ts';
import { RunCheck, type CheckRules } from '../../../replayer/verdict/run-check.ts';

const NESTED: CheckRules = { mapsTrap: false, extraPagesDestroy: false };
const UNMAP: CheckRules = { mapsTrap: true, extraPagesDestroy: true };

interface Entry {
  readonly seq: number;
  readonly page: number;
  readonly pages?: number;
  readonly kind?: number;
  readonly widened?: boolean;
}

/** A run being told, one event after the other, at a time that only goes up. */
class Told {
  readonly check: RunCheck;
  #nowNs = 0;

  constructor(rules: CheckRules = NESTED) {
    this.check = new RunCheck(rules);
  }

  ask(waiter: number, doorbell: number, { seq, page, pages = 1, kind = KIND.iotlb }: Entry): this {
    this.check.arrived(waiter, doorbell, 0, seq);
    const tags = {
      kind,
      scope: SCOPE.vaddr,
      flags: 0,
      present: PRESENT.domainId | PRESENT.range,
      domainId: 1,
      pasid: 0,
      sourceId: 0,
    };
    this.check.request(0, seq, tags, page, pages);
    return this;
  }

  wait(waiter: number, doorbell: number, seq: number): this {
    this.check.arrived(waiter, doorbell, 0, seq);
    this.check.barrier(waiter, doorbell, 0, seq);
    return this;
  }

  configure(): this {
    this.check.configuration(0);
    return this;
  }

  issue(call: number, ...entries: readonly Entry[]): this {
    const steps = new StepBatch();
    for (const { seq, page, pages = 1, kind = KIND.iotlb, widened = false } of entries) {
      const at = steps.nextEntry();
      steps.kind[at] = kind;
      steps.scope[at] = SCOPE.vaddr;
      steps.flags[at] = 0;
      steps.present[at] = PRESENT.domainId | PRESENT.range;
      steps.domainId[at] = 1;
      steps.pasid[at] = 0;
      steps.page[at] = page;
      steps.pages[at] = pages;
      steps.entryFirstSeq[at] = seq;
      steps.entryLastSeq[at] = seq;
      steps.widened[at] = widened ? 1 : 0;
    }
    steps.commit(0);
    this.check.issued(call, 0, steps);
    return this;
  }

  done(call: number): this {
    this.check.completed(call, 0, (this.#nowNs += 10));
    return this;
  }

  release(waiter: number, seq: number): this {
    this.check.released(waiter, 0, seq, (this.#nowNs += 10));
    return this;
  }

  end(): RunCheck {
    this.check.end();
    return this.check;
  }
}

/** Two waiters of one stream, held in one call, and each goes on once it is released. */
const right = (rules?: CheckRules): Told =>
  new Told(rules)
    .ask(0, 1, { seq: 0, page: 7 })
    .wait(0, 1, 1)
    .ask(1, 2, { seq: 2, page: 9 })
    .wait(1, 2, 3)
    .issue(0, { seq: 0, page: 7 }, { seq: 2, page: 9 })
    .done(0)
    .release(0, 1)
    .release(1, 3)
    .ask(0, 3, { seq: 4, page: 7 })
    .wait(0, 3, 5)
    .issue(0, { seq: 4, page: 7 })
    .done(0)
    .release(0, 5);

void test('a run that keeps every rule is strict and possible', () => {
  const check = right().end();
  assert.deepEqual(check.brokenNamed, []);
  assert.equal(check.verdictClass, 'strict');
  assert.deepEqual(check.possible, { is: true, where: [], count: 0 });
});

void test('further barriers under one doorbell are other CPUs, who may wait for what comes after', () => {
  const check = new Told()
    .ask(0, 1, { seq: 0, page: 1 })
    .wait(0, 1, 1)
    .ask(0, 1, { seq: 2, page: 2 })
    .wait(0, 1, 3)
    .issue(0, { seq: 0, page: 1 }, { seq: 2, page: 2 })
    .done(0)
    .release(0, 1)
    .release(-1, 3)
    .end();
  assert.equal(check.verdictClass, 'strict');
  assert.ok(check.possible.is);
});

void test('a request of a waiter that stands still is found', () => {
  const check = new Told()
    .ask(0, 1, { seq: 0, page: 1 })
    .wait(0, 1, 1)
    .ask(0, 2, { seq: 2, page: 2 })
    .issue(0, { seq: 0, page: 1 }, { seq: 2, page: 2 })
    .done(0)
    .release(0, 1)
    .end();
  assert.equal(check.possible.is, false);
  assert.equal(check.possible.where[0].seq, 2);
  assert.match(check.possible.where[0].reason, /barrier 1 is released/);
});

void test('rows of a waiter out of its order are found', () => {
  const check = new Told()
    .ask(0, 1, { seq: 4, page: 1 })
    .ask(0, 1, { seq: 2, page: 2 })
    .issue(0, { seq: 4, page: 1 }, { seq: 2, page: 2 })
    .done(0)
    .end();
  assert.equal(check.possible.count, 1);
  assert.equal(check.possible.where[0].seq, 2);
});

const damages: readonly [string, Told, RegExp][] = [
  [
    'a request that no call carries',
    new Told().ask(0, 1, { seq: 0, page: 1 }).wait(0, 1, 1).release(0, 1),
    /no call after its arrival/,
  ],
  [
    'an entry that is too short',
    new Told()
      .ask(0, 1, { seq: 0, page: 1, pages: 3 })
      .issue(0, { seq: 0, page: 1, pages: 2 })
      .done(0),
    /no call after its arrival/,
  ],
  [
    'an entry that went out before its request came',
    new Told().issue(0, { seq: 0, page: 1 }).ask(0, 1, { seq: 0, page: 1 }).done(0),
    /no call after its arrival/,
  ],
  [
    'an entry that crosses a configuration row',
    new Told().ask(0, 1, { seq: 0, page: 1 }).configure().issue(0, { seq: 0, page: 1 }).done(0),
    /configuration row/,
  ],
  [
    'two kinds in one call, which a barrier parts',
    new Told()
      .ask(0, 1, { seq: 0, page: 1 })
      .wait(0, 1, 1)
      .ask(1, 2, { seq: 2, page: 1, kind: KIND.deviceTlb })
      .issue(0, { seq: 0, page: 1 }, { seq: 2, page: 1, kind: KIND.deviceTlb })
      .done(0)
      .release(0, 1),
    /shares a call with seq 0/,
  ],
  [
    'a barrier that is never released',
    new Told().ask(0, 1, { seq: 0, page: 1 }).wait(0, 1, 1).issue(0, { seq: 0, page: 1 }).done(0),
    /never released/,
  ],
  ['a barrier that is released again', right().release(0, 5), /released again/],
  ['a release of what is no barrier', right().release(0, 99), /no barrier/],
  [
    'pages that nobody asked for, where they are unmapped',
    new Told(UNMAP)
      .ask(0, 1, { seq: 0, page: 1 })
      .issue(0, { seq: 0, page: 0, pages: 4, widened: true })
      .done(0),
    /nobody asked for/,
  ],
];

for (const [what, told, words] of damages) {
  void test(`broken: ${what}`, () => {
    const check = told.end();
    assert.equal(check.verdictClass, 'broken');
    assert.match(check.brokenNamed[0].reason, words);
  });
}

void test('two kinds that no barrier parts may share a call', () => {
  const check = new Told()
    .ask(0, 1, { seq: 0, page: 1 })
    .ask(0, 1, { seq: 1, page: 1, kind: KIND.deviceTlb })
    .issue(0, { seq: 0, page: 1 }, { seq: 1, page: 1, kind: KIND.deviceTlb })
    .done(0)
    .end();
  assert.equal(check.verdictClass, 'strict');
});

void test('a barrier let go early corrupts where maps do not trap, and exposes where they do', () => {
  const early = (rules: CheckRules): RunCheck =>
    new Told(rules)
      .ask(0, 1, { seq: 0, page: 1, pages: 3 })
      .wait(0, 1, 1)
      .release(0, 1)
      .issue(0, { seq: 0, page: 1, pages: 3 })
      .done(0)
      .end();
  const nested = early(NESTED);
  assert.equal(nested.verdictClass, 'corrupting');
  assert.equal(nested.requestsExposed, 1);
  assert.equal(nested.exposurePageNs, 3 * 10);
  assert.equal(early({ mapsTrap: true, extraPagesDestroy: false }).verdictClass, 'deferred');
});

void test('a request is covered by entries that follow each other, and not across a gap', () => {
  const parts = (second: number): RunCheck =>
    new Told()
      .ask(0, 1, { seq: 0, page: 1, pages: 4 })
      .issue(0, { seq: 0, page: 1, pages: 2 }, { seq: 0, page: second, pages: 2 })
      .done(0)
      .end();
  assert.equal(parts(3).verdictClass, 'strict');
  assert.equal(parts(4).verdictClass, 'broken');
});
