// A shape and a seed -> rows, streaming. Each stream has its own random sequence, so that adding a stream
// leaves the others as they were; rows of all streams come out in time order.

import { setWaiter } from '../decoders/columns.ts';
import { EventBuilder, FLAG, KIND, PRESENT, SCOPE, type EventBatch } from '../model/index.ts';
import { GapSource } from './arrivals.ts';
import { Random, Weighted } from '../base/index.ts';
import type { Shape } from './shape.ts';

const BATCH_ROWS = 65_536;
/** Requests of a large unmap follow each other this fast. */
const CHUNK_GAP_NS = 1000;

/** What an asker does next: `barrier` or a request of so many pages (0: the whole address space). */
interface NextRow {
  tNs: number;
  isBarrier: boolean;
}

/** Who asks: a stream, or one of its waiters. */
interface Asker {
  readonly index: number;
  readonly stream: number;
  readonly requests: number;
}

/** What one asks after the other: a waiter asks nothing between a barrier's request and its release. */
class AskerMaker {
  readonly next: NextRow = { tNs: 0, isBarrier: false };
  left: number;
  readonly #stream: number;
  readonly #waiter: number;
  readonly #shape: Shape;
  readonly #random: Random;
  readonly #gaps: GapSource;
  readonly #pages: Weighted;
  readonly #perBarrier: Weighted;
  #untilBarrier = 0;
  #page = 0;
  #domain = 1;
  #pasid = 0;
  /** Pages of a large region that are still to be unmapped. */
  #largeLeft = 0;

  constructor(shape: Shape, seed: number, { index, stream, requests }: Asker) {
    this.#shape = shape;
    this.#stream = stream;
    this.#waiter = shape.waiters === 0 ? -1 : index;
    this.left = requests;
    this.#random = new Random(seed, index + 1);
    this.#gaps = new GapSource(shape.arrivals, this.#random);
    this.#pages = new Weighted(shape.pages.map((one) => one.weight));
    this.#perBarrier = new Weighted(shape.perBarrier.map((one) => one.weight));
    this.#untilBarrier = this.#drawPerBarrier();
    this.next.tNs = index === 0 ? 0 : this.#gaps.next();
  }

  /** Writes the next row into `out` and works out the one after it. */
  take(out: EventBuilder): void {
    const row = out.next(Math.round(this.next.tNs), this.#stream);
    if (this.#waiter >= 0) setWaiter(out, row, this.#waiter);
    if (this.next.isBarrier) {
      out.kind[row] = KIND.barrier;
      this.next.isBarrier = false;
      this.#untilBarrier = this.#drawPerBarrier();
      this.next.tNs += Math.max(0, this.#gaps.next() - this.#shape.barrierDelayNs);
      return;
    }
    this.#request(out, row);
    this.left--;
    this.#untilBarrier--;
    const isOver = this.left === 0 && this.#perBarrier.total > 0;
    if (this.#largeLeft === 0 && (this.#untilBarrier <= 0 || isOver)) {
      this.next.isBarrier = true;
      this.next.tNs += this.#shape.barrierDelayNs;
    } else {
      this.next.tNs += this.#largeLeft > 0 ? CHUNK_GAP_NS : this.#gaps.next();
    }
  }

  get isDone(): boolean {
    return this.left === 0 && !this.next.isBarrier;
  }

  #request(out: EventBuilder, row: number): void {
    const { largeUnmap, teardownShare } = this.#shape;
    out.kind[row] = KIND.iotlb;
    if (this.#largeLeft === 0) {
      this.#domain = 1 + this.#random.below(this.#shape.domains);
      this.#pasid = this.#random.below(Math.max(1, this.#shape.pasids));
      if (this.#random.chance(largeUnmap.share)) this.#beginLarge();
    }
    out.domainId[row] = this.#domain;
    out.present[row] |= PRESENT.domainId;
    if (this.#shape.pasids > 0) {
      out.pasid[row] = this.#pasid;
      out.present[row] |= PRESENT.pasid;
      out.scope[row] |= SCOPE.pasid;
    }
    if (this.#largeLeft > 0) this.#chunk(out, row);
    else if (!this.#random.chance(teardownShare)) this.#range(out, row);
  }

  #beginLarge(): void {
    this.#largeLeft = this.#shape.largeUnmap.pages;
    this.#page = this.#random.below(this.#shape.workingSetPages);
  }

  #chunk(out: EventBuilder, row: number): void {
    const pages = Math.min(this.#largeLeft, this.#shape.largeUnmap.chunkPages);
    this.#largeLeft = this.left === 1 ? 0 : this.#largeLeft - pages;
    // Page tables go too: not only last-level entries.
    this.#put(out, row, pages, false);
  }

  #range(out: EventBuilder, row: number): void {
    const pages = this.#shape.pages[this.#pages.draw(this.#random)].value;
    if (!this.#random.chance(this.#shape.locality))
      this.#page = this.#random.below(Math.max(1, this.#shape.workingSetPages - pages));
    this.#put(out, row, pages, this.#random.chance(this.#shape.leafShare));
  }

  #put(out: EventBuilder, row: number, pages: number, leaf: boolean): void {
    out.scope[row] |= SCOPE.vaddr;
    out.present[row] |= PRESENT.range;
    if (leaf) out.flags[row] |= FLAG.leaf;
    out.page[row] = this.#page;
    out.pages[row] = pages;
    this.#page += pages;
  }

  #drawPerBarrier(): number {
    if (this.#perBarrier.total === 0) return Number.POSITIVE_INFINITY;
    return this.#shape.perBarrier[this.#perBarrier.draw(this.#random)].value;
  }
}

/** The rows in time order. The batch is reused: take what you need before the next. */
export function* generate(shape: Shape, seed: number): Generator<EventBatch, void, void> {
  const out = new EventBuilder(BATCH_ROWS);
  const perStream = Math.max(1, shape.waiters);
  const askers = shape.streams * perStream;
  const makers = Array.from({ length: askers }, (_, index) => {
    const extra = index < shape.requests % askers ? 1 : 0;
    const requests = Math.floor(shape.requests / askers) + extra;
    return new AskerMaker(shape, seed, { index, stream: Math.floor(index / perStream), requests });
  }).filter((maker) => !maker.isDone);
  while (makers.length > 0) {
    let first = makers[0];
    for (const maker of makers) if (maker.next.tNs < first.next.tNs) first = maker;
    first.take(out);
    if (first.isDone) makers.splice(makers.indexOf(first), 1);
    if (out.count === BATCH_ROWS) {
      yield out;
      out.clear();
    }
  }
  if (out.count > 0) yield out;
}
