// Makes the ranges of each step fewer. Ranges that touch or overlap and share kind, domain, PASID and flags
// become their union; where blocks are wanted, each union becomes the naturally aligned power of two of pages
// that holds it, blocks inside a block and two halves of one become that block. What became one stands where
// the first of its ranges stood.

import { PRESENT } from '../../collector/model/index.ts';
import { alignedSpanPages, alignedStart } from '../steps/vtd-span.ts';
import type { StepBatch } from '../steps/step-batch.ts';
import { RangeOrder, kindRunEnd } from './range-order.ts';
import type { Stage } from './strategy.ts';

const FIRST_ROOM = 64;

/** Works step by step: nothing is ever open. */
export class FoldStage implements Stage {
  readonly #toBlocks: boolean;
  readonly #ranges = new RangeOrder();
  /** Entries of the open blocks of one target, by page; they lie apart. */
  #stack = new Int32Array(FIRST_ROOM);
  #open = 0;
  /** First entry of the run that is worked on. */
  #start = 0;
  #isAnyFolded = false;
  /** For each entry of the batch: 1 where it stays, 0 where another stands for it. */
  #counts = new Uint32Array(FIRST_ROOM);
  /** 1 where an entry that stays has new values: those below. */
  #changed = new Uint8Array(FIRST_ROOM);
  #page = new Float64Array(FIRST_ROOM);
  #pages = new Float64Array(FIRST_ROOM);
  /** Pages that were asked for in it. */
  #asked = new Float64Array(FIRST_ROOM);
  #firstSeq = new Float64Array(FIRST_ROOM);
  #lastSeq = new Float64Array(FIRST_ROOM);
  #widened = new Uint8Array(FIRST_ROOM);

  constructor({ toBlocks }: { readonly toBlocks: boolean }) {
    this.#toBlocks = toBlocks;
  }

  push(input: StepBatch, output: StepBatch): void {
    const { steps, entryEnd } = input;
    const entries = input.entryStart(steps);
    this.#begin(input, entries);
    for (let step = 0, start = 0; step < steps; step++) {
      const end = entryEnd[step];
      if (end - start > 1) this.#step(input, start, end);
      else if (this.#toBlocks) this.#alone(input, start);
      start = end;
    }
    const first = output.entries;
    if (this.#isAnyFolded) output.appendCounted(input, this.#counts);
    else output.appendSteps(input, 0, steps);
    if (this.#isAnyFolded || this.#toBlocks) this.#write(output, first, entries);
    output.copyFree(input);
  }

  end(): void {
    // Every step is done when it comes.
  }

  #begin(input: StepBatch, entries: number): void {
    if (entries > this.#counts.length) this.#grow(2 ** Math.ceil(Math.log2(entries)));
    this.#counts.fill(1, 0, entries);
    this.#changed.fill(0, 0, entries);
    this.#isAnyFolded = false;
    if (!this.#toBlocks) return;
    // A union writes its own values; a block begins with those that were asked.
    this.#page.set(input.page.subarray(0, entries));
    this.#pages.set(input.pages.subarray(0, entries));
    this.#firstSeq.set(input.entryFirstSeq.subarray(0, entries));
    this.#lastSeq.set(input.entryLastSeq.subarray(0, entries));
    this.#widened.set(input.widened.subarray(0, entries));
  }

  #step(input: StepBatch, start: number, end: number): void {
    for (let from = start; from < end;) {
      const to = kindRunEnd(input, from, end);
      if (to - from > 1) this.#run(input, from, to);
      else if (this.#toBlocks) this.#alone(input, from);
      from = to;
    }
  }

  /** A range that nothing can become one with. */
  #alone(input: StepBatch, entry: number): void {
    if ((input.present[entry] & PRESENT.range) === 0) return;
    const page = input.page[entry];
    const pages = input.pages[entry];
    const span = alignedSpanPages(page, pages);
    if (span === pages) return;
    this.#changed[entry] = 1;
    this.#page[entry] = alignedStart(page, span);
    this.#pages[entry] = span;
    this.#widened[entry] = 1;
  }

  /** Entries `start … end - 1`, all of one kind. */
  #run(input: StepBatch, start: number, end: number): void {
    const count = this.#ranges.sort(input, start, end);
    const { order, target, page } = this.#ranges;
    const { pages } = input;
    this.#start = start;
    for (let i = 0; i < count;) {
      let unionEnd = page[i] + pages[start + order[i]];
      let next = i + 1;
      for (; next < count && page[next] <= unionEnd && target[next] === target[i]; next++)
        unionEnd = Math.max(unionEnd, page[next] + pages[start + order[next]]);
      const isUnion = next > i + 1;
      const place = isUnion ? this.#unite(input, i, next, unionEnd) : start + order[i];
      if (this.#toBlocks) {
        if (i > 0 && target[i] !== target[i - 1]) this.#closeBlocks();
        this.#block(place);
      }
      i = next;
    }
    this.#closeBlocks();
  }

  /** Ranges `from … to - 1` of the order become one that ends at `end`. Returns where it stands. */
  #unite(input: StepBatch, from: number, to: number, end: number): number {
    const { order, page: pageAt } = this.#ranges;
    const { entryFirstSeq, entryLastSeq } = input;
    const counts = this.#counts;
    const start = this.#start;
    const page = pageAt[from];
    let place = start + order[from];
    let low = Number.POSITIVE_INFINITY;
    let high = Number.NEGATIVE_INFINITY;
    let widened = 0;
    for (let k = from; k < to; k++) {
      const entry = start + order[k];
      counts[entry] = 0;
      if (entry < place) place = entry;
      if (entryFirstSeq[entry] < low) low = entryFirstSeq[entry];
      if (entryLastSeq[entry] > high) high = entryLastSeq[entry];
      widened |= input.widened[entry];
    }
    counts[place] = 1;
    this.#changed[place] = 1;
    this.#page[place] = page;
    this.#pages[place] = end - page;
    this.#firstSeq[place] = low;
    this.#lastSeq[place] = high;
    this.#widened[place] = widened;
    this.#isAnyFolded = true;
    return place;
  }

  /** The union at `entry` becomes its block. Two aligned blocks are apart, or one holds the other. */
  #block(entry: number): void {
    const page = this.#page;
    const pages = this.#pages;
    const stack = this.#stack;
    this.#asked[entry] = pages[entry];
    const span = alignedSpanPages(page[entry], pages[entry]);
    const start = alignedStart(page[entry], span);
    if (span !== pages[entry]) this.#changed[entry] = 1;
    page[entry] = start;
    pages[entry] = span;
    let block = entry;
    while (this.#open > 0) {
      const top = stack[this.#open - 1];
      const isInside = page[top] >= start && pages[top] <= span;
      if (!isInside && page[top] + pages[top] <= start) break;
      this.#open--;
      block = this.#merge(top, block, isInside ? block : top);
      if (!isInside) break;
    }
    while (this.#open > 0 && this.#areHalves(stack[this.#open - 1], block)) {
      const lower = stack[--this.#open];
      pages[lower] *= 2;
      block = this.#merge(lower, block, lower);
    }
    stack[this.#open++] = block;
  }

  #areHalves(lower: number, upper: number): boolean {
    const page = this.#page;
    const pages = this.#pages;
    const size = pages[lower];
    return (
      size === pages[upper] &&
      page[upper] === page[lower] + size &&
      alignedStart(page[lower], 2 * size) === page[lower]
    );
  }

  /** Blocks `a` and `b` become `wide`, which is one of them, in the place of the first. Returns that place. */
  #merge(a: number, b: number, wide: number): number {
    const into = Math.min(a, b);
    const gone = Math.max(a, b);
    this.#counts[gone] = 0;
    this.#changed[into] = 1;
    this.#page[into] = this.#page[wide];
    this.#pages[into] = this.#pages[wide];
    this.#asked[into] += this.#asked[gone];
    this.#firstSeq[into] = Math.min(this.#firstSeq[a], this.#firstSeq[b]);
    this.#lastSeq[into] = Math.max(this.#lastSeq[a], this.#lastSeq[b]);
    this.#widened[into] |= this.#widened[gone];
    this.#isAnyFolded = true;
    return into;
  }

  #closeBlocks(): void {
    for (let i = 0; i < this.#open; i++) {
      const entry = this.#stack[i];
      if (this.#asked[entry] < this.#pages[entry]) this.#widened[entry] = 1;
    }
    this.#open = 0;
  }

  /** Gives the entries of `output` from `first` on, which stand for `entries` of the input, their new values. */
  #write(output: StepBatch, first: number, entries: number): void {
    const { page, pages, entryFirstSeq, entryLastSeq, widened } = output;
    const counts = this.#counts;
    const changed = this.#changed;
    for (let entry = 0, to = first; entry < entries; entry++) {
      if (counts[entry] === 0) continue;
      if (changed[entry] === 1) {
        page[to] = this.#page[entry];
        pages[to] = this.#pages[entry];
        entryFirstSeq[to] = this.#firstSeq[entry];
        entryLastSeq[to] = this.#lastSeq[entry];
        widened[to] = this.#widened[entry];
      }
      to++;
    }
  }

  #grow(room: number): void {
    this.#stack = new Int32Array(room);
    this.#counts = new Uint32Array(room);
    this.#changed = new Uint8Array(room);
    this.#page = new Float64Array(room);
    this.#pages = new Float64Array(room);
    this.#asked = new Float64Array(room);
    this.#firstSeq = new Float64Array(room);
    this.#lastSeq = new Float64Array(room);
    this.#widened = new Uint8Array(room);
  }
}
