// Rows of a recording -> what the closed loop needs to know of them: who asks, which lock the guest's driver
// holds meanwhile, which host object a call would serve. One place for these keys (design §13).

import { ASKED, isContext, KIND, PRESENT, type EventBatch } from '../../collector/model/index.ts';
import { EACH_ENTRY, ROW, type LoopRows } from './rows.ts';
import { commandsOf, type Dialect } from '../dialects/dialect.ts';
import { StepBatch } from '../steps/step-batch.ts';

/** Rows of these kinds change what a domain or a PASID means; no entry moves across them (design §5). */
const CONFIGURATIONS: ReadonlySet<number> = new Set([KIND.contextCache, KIND.pasidCache]);

/** Names of a recording by their numbers: where the waiter of a row is found. */
export interface WaiterNumbers {
  /** Number of the row's waiter, whatever the recording knows of it. */
  index(batch: EventBatch, row: number): number;
}

export class LoopRowSource {
  readonly #dialect: Dialect;
  readonly #waiters: WaiterNumbers;
  readonly #locks = new Map<string, number>();
  readonly #one = new StepBatch();
  #rows = rowsOf(0);
  /** Fields of the last request and its numbers: mostly the next one has the same. */
  readonly #last = { stream: -1, present: 0, domainId: 0, pasid: 0, lock: 0, target: 0 };

  constructor(dialect: Dialect, waiters: WaiterNumbers) {
    this.#dialect = dialect;
    this.#waiters = waiters;
  }

  /** The rows of `batch` that matter; valid until the next call. Context rows are left out. */
  take(batch: EventBatch): LoopRows {
    if (batch.count > this.#rows.seq.length) this.#rows = rowsOf(batch.count);
    const rows = this.#rows;
    rows.count = 0;
    for (let row = 0; row < batch.count; row++) this.#take(batch, row, rows);
    return rows;
  }

  #take(batch: EventBatch, row: number, rows: Rows): void {
    const kind = batch.kind[row];
    if (isContext(kind)) return;
    const i = rows.count++;
    rows.seq[i] = batch.firstSeq + row;
    rows.tNs[i] = batch.tNs[row];
    rows.stream[i] = batch.stream[row];
    rows.waiter[i] = this.#waiters.index(batch, row);
    rows.submission[i] = batch.submission[row];
    rows.kind[i] = kind;
    if (kind === KIND.barrier) {
      rows.what[i] = ROW.barrier;
      return;
    }
    if (this.#dialect.refuse(batch, row) !== undefined) {
      rows.what[i] = CONFIGURATIONS.has(kind) ? ROW.configuration : ROW.other;
      return;
    }
    rows.what[i] = ROW.request;
    rows.scope[i] = batch.scope[row];
    rows.flags[i] = batch.flags[row];
    rows.present[i] = batch.present[row] & ASKED;
    rows.domainId[i] = batch.domainId[row];
    rows.pasid[i] = batch.pasid[row];
    rows.sourceId[i] = batch.sourceId[row];
    rows.page[i] = batch.page[row];
    rows.pages[i] = batch.pages[row];
    this.#keys(batch, row, rows, i);
    rows.commands[i] = this.#commands(batch, row);
  }

  #keys(batch: EventBatch, row: number, rows: Rows, i: number): void {
    const last = this.#last;
    const present = batch.present[row] & (PRESENT.domainId | PRESENT.pasid);
    if (
      last.stream !== batch.stream[row] ||
      last.present !== present ||
      last.domainId !== batch.domainId[row] ||
      last.pasid !== batch.pasid[row]
    ) {
      last.stream = batch.stream[row];
      last.present = present;
      last.domainId = batch.domainId[row];
      last.pasid = batch.pasid[row];
      last.lock = numberOf(lockKey(last), this.#locks);
      last.target = this.#target(last.stream, last.lock);
    }
    rows.lock[i] = last.lock;
    rows.target[i] = last.target;
  }

  #target(stream: number, lock: number): number {
    switch (this.#dialect.serves) {
      case 'domain':
        return lock;
      case 'viommu':
        return stream;
      case 'entry':
        return EACH_ENTRY;
    }
  }

  #commands(batch: EventBatch, row: number): number {
    const dialect = this.#dialect;
    if (dialect.commandsOf === undefined) return 1;
    const one = this.#one;
    one.clear();
    const entry = one.nextEntry();
    one.kind[entry] = batch.kind[row];
    one.scope[entry] = batch.scope[row];
    one.flags[entry] = batch.flags[row];
    one.present[entry] = batch.present[row] & ASKED;
    one.domainId[entry] = batch.domainId[row];
    one.pasid[entry] = batch.pasid[row];
    one.sourceId[entry] = batch.sourceId[row];
    one.page[entry] = batch.page[row];
    one.pages[entry] = batch.pages[row];
    return commandsOf(dialect, one, entry);
  }
}

type Rows = {
  -readonly [Column in keyof LoopRows]: LoopRows[Column] extends number ? number : Float64Array;
};

function rowsOf(room: number): Rows {
  const column = (): Float64Array => new Float64Array(room);
  return {
    count: 0,
    seq: column(),
    tNs: column(),
    stream: column(),
    waiter: column(),
    submission: column(),
    what: column(),
    lock: column(),
    target: column(),
    kind: column(),
    scope: column(),
    flags: column(),
    present: column(),
    domainId: column(),
    pasid: column(),
    sourceId: column(),
    page: column(),
    pages: column(),
    commands: column(),
  };
}

function numberOf(key: string, numbers: Map<string, number>): number {
  let number = numbers.get(key);
  if (number === undefined) numbers.set(key, (number = numbers.size));
  return number;
}

/** (vIOMMU, domain, PASID); the vIOMMU's own where no domain is named. */
function lockKey(of: {
  readonly stream: number;
  readonly present: number;
  readonly domainId: number;
  readonly pasid: number;
}): string {
  const { stream, present, domainId, pasid } = of;
  if ((present & PRESENT.domainId) === 0) return `${stream}`;
  return (present & PRESENT.pasid) === 0
    ? `${stream} ${domainId}`
    : `${stream} ${domainId} ${pasid}`;
}
