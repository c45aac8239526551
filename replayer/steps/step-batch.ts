// Steps, their entries and the barriers they release, for one stream, as columns. A plan is one of these;
// so is each buffer between two strategies. Entries are in the guest's terms, not yet encoded.

import {
  ENTRY_COLUMNS,
  FREE_COLUMNS,
  RELEASE_COLUMNS,
  STEP_COLUMNS,
  copyColumns,
  frontColumns,
  growColumns,
  type StepColumns,
} from './columns.ts';
import { hasField, joinKeyOf, type EntryField, type EntryReader } from './entry-reader.ts';
import { repeatEntries } from './repeat-entries.ts';

const FIRST_CAPACITY = 64;
/** From so many entries on, copying column by column beats copying one by one. */
const BULK_COPY = 48;

/** The capacity for `count`: a power of two, so that growing stays rare. */
function above(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

/**
 * Entries and releases are appended, then `commit` makes a step of those since the last one.
 * Entry columns mean what the columns of the same name mean in an EventBatch.
 */
export class StepBatch implements EntryReader, StepColumns {
  steps = 0;
  /** When the step is to be issued, ns from the recording's start. Never descends within a stream. */
  dueNs!: Float64Array;
  /** Index after the step's last entry, and after its last release. */
  entryEnd!: Uint32Array;
  releaseEnd!: Uint32Array;
  /** Lowest and highest sequence number of the requests that the step carries. */
  firstSeq!: Float64Array;
  lastSeq!: Float64Array;
  /** The doorbell that the step's request came with, 0 for none. Only in what a chain begins with. */
  submission!: Uint32Array;

  entries = 0;
  kind!: Uint8Array;
  scope!: Uint8Array;
  flags!: Uint16Array;
  present!: Uint8Array;
  domainId!: Uint32Array;
  pasid!: Uint32Array;
  sourceId!: Uint32Array;
  page!: Float64Array;
  pages!: Float64Array;
  /** Sequence numbers of the first and last request that the entry stands for. */
  entryFirstSeq!: Float64Array;
  entryLastSeq!: Float64Array;
  /** 1 where the entry is wider than the union of what its requests asked. */
  widened!: Uint8Array;

  releases = 0;
  /** The barrier's sequence number and capture time. */
  releaseSeq!: Float64Array;
  releaseTNs!: Float64Array;

  /** Barriers that no step holds back: released the moment they were captured. */
  free = 0;
  freeSeq!: Float64Array;
  freeTNs!: Float64Array;

  #stepRoom = 0;
  #entryRoom = 0;
  #releaseRoom = 0;
  #freeRoom = 0;

  constructor(capacity = FIRST_CAPACITY) {
    this.#growSteps(capacity);
    this.#growEntries(capacity);
    this.#growReleases(capacity);
    this.#growFree(4);
  }

  /** First entry of `step`. */
  entryStart(step: number): number {
    return step === 0 ? 0 : this.entryEnd[step - 1];
  }

  /** First release of `step`. */
  releaseStart(step: number): number {
    return step === 0 ? 0 : this.releaseEnd[step - 1];
  }

  /** True where entry `i` has a value in `field`. */
  has(i: number, field: EntryField): boolean {
    return hasField(this.present[i], field);
  }

  /** Entries with equal keys may become one range; see EntryReader for what that means. */
  joinKey(i: number): string {
    return joinKeyOf(this, i);
  }

  /** Entries appended since the last commit. */
  get openEntries(): number {
    return this.entries - this.entryStart(this.steps);
  }

  /** Releases appended since the last commit. */
  get openReleases(): number {
    return this.releases - this.releaseStart(this.steps);
  }

  /** Room for one more entry; the caller sets its columns. Returns its index. */
  nextEntry(): number {
    if (this.entries === this.#entryRoom) this.#growEntries(this.#entryRoom * 2);
    this.widened[this.entries] = 0;
    return this.entries++;
  }

  /** Appends a copy of entry `index` of `from`. Returns its index here. */
  copyEntry(from: StepBatch, index: number): number {
    const entry = this.nextEntry();
    this.#setEntry(entry, from, index);
    return entry;
  }

  /** Written out, not by the table: most entries are copied alone. A test compares it with the table. */
  #setEntry(entry: number, from: StepBatch, index: number): void {
    this.kind[entry] = from.kind[index];
    this.scope[entry] = from.scope[index];
    this.flags[entry] = from.flags[index];
    this.present[entry] = from.present[index];
    this.domainId[entry] = from.domainId[index];
    this.pasid[entry] = from.pasid[index];
    this.sourceId[entry] = from.sourceId[index];
    this.page[entry] = from.page[index];
    this.pages[entry] = from.pages[index];
    this.entryFirstSeq[entry] = from.entryFirstSeq[index];
    this.entryLastSeq[entry] = from.entryLastSeq[index];
    this.widened[entry] = from.widened[index];
  }

  addRelease(seq: number, tNs: number): void {
    if (this.releases === this.#releaseRoom) this.#growReleases(this.#releaseRoom * 2);
    this.releaseSeq[this.releases] = seq;
    this.releaseTNs[this.releases++] = tNs;
  }

  addFree(seq: number, tNs: number): void {
    if (this.free === this.#freeRoom) this.#growFree(Math.max(16, this.#freeRoom * 2));
    this.freeSeq[this.free] = seq;
    this.freeTNs[this.free++] = tNs;
  }

  /** Puts the free barriers in capture order; strategies name them when they learn of them. */
  sortFree(): void {
    const order = Array.from({ length: this.free }, (_, i) => i);
    order.sort((a, b) => this.freeSeq[a] - this.freeSeq[b]);
    this.freeSeq = Float64Array.from(order, (i) => this.freeSeq[i]);
    this.freeTNs = Float64Array.from(order, (i) => this.freeTNs[i]);
    this.#freeRoom = this.free;
  }

  /** Appends copies of all entries of `step` of `from`. */
  copyEntries(from: StepBatch, step: number): void {
    this.copyEntryRun(from, from.entryStart(step), from.entryEnd[step]);
  }

  /** Appends copies of entries `start … end - 1` of `from`. */
  copyEntryRun(from: StepBatch, start: number, end: number): void {
    if (end - start === 1) {
      this.copyEntry(from, start);
      return;
    }
    if (end - start < BULK_COPY) {
      for (let i = start; i < end; i++) this.copyEntry(from, i);
      return;
    }
    this.#roomFor(0, end - start, 0);
    copyColumns(this, this.entries, from, ENTRY_COLUMNS, [start, end]);
    this.entries += end - start;
  }

  /** Appends copies of all releases of `step` of `from`. */
  copyReleases(from: StepBatch, step: number): void {
    const end = from.releaseEnd[step];
    for (let i = from.releaseStart(step); i < end; i++) {
      this.addRelease(from.releaseSeq[i], from.releaseTNs[i]);
    }
  }

  copyFree(from: StepBatch): void {
    for (let i = 0; i < from.free; i++) this.addFree(from.freeSeq[i], from.freeTNs[i]);
  }

  /** Makes a step of the open entries and releases. A step has at least one entry. */
  commit(dueNs: number, submission = 0): void {
    this.commitUpTo(this.entries, this.releases, dueNs);
    this.submission[this.steps - 1] = submission;
  }

  /** Makes a step of the open entries and releases before those indices; the rest stays open. */
  commitUpTo(entryEnd: number, releaseEnd: number, dueNs: number): void {
    if (this.steps === this.#stepRoom) this.#growSteps(this.#stepRoom * 2);
    const start = this.entryStart(this.steps);
    if (start >= entryEnd) throw new Error('a step without an entry was committed');
    const { entryFirstSeq, entryLastSeq } = this;
    let first = entryFirstSeq[start];
    let last = entryLastSeq[start];
    for (let i = start + 1; i < entryEnd; i++) {
      if (entryFirstSeq[i] < first) first = entryFirstSeq[i];
      if (entryLastSeq[i] > last) last = entryLastSeq[i];
    }
    const step = this.steps++;
    this.dueNs[step] = dueNs;
    this.entryEnd[step] = entryEnd;
    this.releaseEnd[step] = releaseEnd;
    this.firstSeq[step] = first;
    this.lastSeq[step] = last;
  }

  /** Appends copies of all committed entries and releases of `from`, without making steps of them. */
  copyContents(from: StepBatch): void {
    if (from.steps === 0) return;
    const releases = from.releaseEnd[from.steps - 1];
    this.copyEntryRun(from, 0, from.entryEnd[from.steps - 1]);
    this.#roomFor(0, 0, releases);
    copyColumns(this, this.releases, from, RELEASE_COLUMNS, [0, releases]);
    this.releases += releases;
  }

  /** Forgets the committed steps and the free barriers; what is open moves to the front. */
  dropCommitted(): void {
    const entry = this.entryStart(this.steps);
    const release = this.releaseStart(this.steps);
    if (entry > 0) frontColumns(this, ENTRY_COLUMNS, [entry, this.entries]);
    if (release > 0) frontColumns(this, RELEASE_COLUMNS, [release, this.releases]);
    this.entries -= entry;
    this.releases -= release;
    this.steps = 0;
    this.free = 0;
  }

  /** Forgets everything, also what is open. */
  clear(): void {
    this.steps = 0;
    this.entries = 0;
    this.releases = 0;
    this.free = 0;
  }

  /** Appends all committed steps and free barriers of `from`. Nothing may be open here. */
  append(from: StepBatch): void {
    this.appendSteps(from, 0, from.steps);
    this.copyFree(from);
  }

  /** Appends steps `start … end - 1` of `from`, column by column. Nothing may be open here. */
  appendSteps(from: StepBatch, start: number, end: number): void {
    if (this.openEntries > 0 || this.openReleases > 0)
      throw new Error('steps are appended behind an open one');
    if (start >= end) return;
    const entry = from.entryStart(start);
    const entries = from.entryEnd[end - 1];
    if (entries - entry < BULK_COPY) {
      for (let step = start; step < end; step++) {
        this.copyEntries(from, step);
        this.copyReleases(from, step);
        this.commit(from.dueNs[step]);
      }
      return;
    }
    const release = from.releaseStart(start);
    const releases = from.releaseEnd[end - 1];
    this.#roomFor(end - start, entries - entry, releases - release);
    copyColumns(this, this.entries, from, ENTRY_COLUMNS, [entry, entries]);
    const shift = this.entries - entry;
    for (let step = start, to = this.steps; step < end; step++, to++)
      this.entryEnd[to] = from.entryEnd[step] + shift;
    this.#copySteps(from, start, end);
    this.entries += entries - entry;
  }

  /**
   * Appends all committed steps of `from`, entry i as often as `counts[i]` says; none may lose all its
   * entries. Nothing may be open here.
   */
  appendCounted(from: StepBatch, counts: Uint32Array): void {
    if (this.openEntries > 0 || this.openReleases > 0)
      throw new Error('steps are appended behind an open one');
    if (from.steps === 0) return;
    const entries = from.entryEnd[from.steps - 1];
    let sum = 0;
    for (let i = 0; i < entries; i++) sum += counts[i];
    const releases = from.releaseEnd[from.steps - 1];
    this.#roomFor(from.steps, sum, releases);
    let end = this.entries;
    for (let step = 0, i = 0; step < from.steps; step++) {
      const start = end;
      for (; i < from.entryEnd[step]; i++) end += counts[i];
      if (end === start) throw new Error('a step without an entry was appended');
      this.entryEnd[this.steps + step] = end;
    }
    repeatEntries(this, from, counts.subarray(0, entries));
    this.#copySteps(from, 0, from.steps);
    this.entries = end;
  }

  /** Adds steps `start … end - 1` of `from` and their releases, for which there is room; all but their entries. */
  #copySteps(from: StepBatch, start: number, end: number): void {
    const release = from.releaseStart(start);
    const releases = from.releaseEnd[end - 1];
    copyColumns(this, this.releases, from, RELEASE_COLUMNS, [release, releases]);
    this.dueNs.set(from.dueNs.subarray(start, end), this.steps);
    this.firstSeq.set(from.firstSeq.subarray(start, end), this.steps);
    this.lastSeq.set(from.lastSeq.subarray(start, end), this.steps);
    const shift = this.releases - release;
    for (let step = start, to = this.steps; step < end; step++, to++)
      this.releaseEnd[to] = from.releaseEnd[step] + shift;
    this.steps += end - start;
    this.releases += releases - release;
  }

  #roomFor(steps: number, entries: number, releases: number): void {
    if (this.steps + steps > this.#stepRoom) this.#growSteps(above(this.steps + steps));
    if (this.entries + entries > this.#entryRoom) this.#growEntries(above(this.entries + entries));
    if (this.releases + releases > this.#releaseRoom)
      this.#growReleases(above(this.releases + releases));
  }

  #growSteps(room: number): void {
    growColumns(this, STEP_COLUMNS, room);
    this.#stepRoom = room;
  }

  #growEntries(room: number): void {
    growColumns(this, ENTRY_COLUMNS, room);
    this.#entryRoom = room;
  }

  #growReleases(room: number): void {
    growColumns(this, RELEASE_COLUMNS, room);
    this.#releaseRoom = room;
  }

  #growFree(room: number): void {
    growColumns(this, FREE_COLUMNS, room);
    this.#freeRoom = room;
  }
}
