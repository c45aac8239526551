// What the guest-side tracepoints become: `intel_iommu:qi_submit` one row a descriptor, `iommu:unmap` one
// row a call, and the implied barriers between. Shared by every container of these events; owns no bytes.

import type { SourceFacts } from '../source.ts';
import { decodeVtd256, vtdType, type VtdWords } from '../../decoders/vtd.ts';
import { setRange, setWaiter, type Words128 } from '../../decoders/columns.ts';
import { KIND, PRESENT, WaiterTable, type EventBuilder, type LossLog } from '../../model/index.ts';

/** What an event of a name means here. */
export const ROLE = { none: 0, qiSubmit: 1, unmap: 2, border: 3 } as const;
export type Role = (typeof ROLE)[keyof typeof ROLE];

/** The events that count, by system and name; `border` ones end a run of qi_submit on their CPU. */
export const EVENT_ROLES: readonly {
  readonly system: string;
  readonly name: string;
  readonly role: Role;
}[] = [
  { system: 'intel_iommu', name: 'qi_submit', role: ROLE.qiSubmit },
  { system: 'intel_iommu', name: 'cache_tag_flush_range', role: ROLE.border },
  { system: 'intel_iommu', name: 'cache_tag_flush_range_np', role: ROLE.border },
  { system: 'intel_iommu', name: 'cache_tag_flush_all', role: ROLE.border },
  { system: 'intel_iommu', name: 'cache_tag_assign', role: ROLE.border },
  { system: 'intel_iommu', name: 'cache_tag_unassign', role: ROLE.border },
  { system: 'iommu', name: 'unmap', role: ROLE.unmap },
  { system: 'iommu', name: 'map', role: ROLE.border },
];

export const GUEST_EVENTS_NEEDED =
  "record 'intel_iommu:qi_submit' on Intel guests (VT-d), or 'iommu:unmap' on any guest; Arm, AMD and virtio-iommu drivers have no tracepoints of their own";

const QI_RULE =
  'the waits are never traced; a run of qi_submit of one CPU and IOMMU, at most 16 long, all of one range, no tag twice, not broken by a cache_tag_* or iommu:* event of that CPU, is one submission with one wait at its last descriptor; context-cache, PASID-cache and interrupt-entry-cache descriptors are submissions of their own';
const UNMAP_RULE =
  'iommu:unmap does not show when the guest flushes: no barrier is implied after it';

/** Linux submits at most so many descriptors at once (spec 7.2). */
const SUBMISSION_LIMIT = 16;
/** The column holds 16 bits; a larger number is not a CPU. */
const CPU_LIMIT = 32_767;
/** So many IOMMUs and no more: names come from the input. */
const STREAM_LIMIT = 1024;
/** Descriptors with a submission of their own: context-cache, interrupt-entry, PASID-cache, page response. */
const ALONE = [false, true, false, false, true, false, false, true, false, true];

/** The submission that a stream's next descriptor may still belong to. */
class OpenRun {
  length = 0;
  /** Which guest or buffer instance it belongs to. */
  readonly instance: number;
  cpu = -1;
  at = 0;
  page = -1;
  pages = 0;
  /** qw0 of each descriptor of the run: type, domain, PASID and source make the tag. */
  readonly tagLow = new Uint32Array(SUBMISSION_LIMIT);
  readonly tagHigh = new Uint32Array(SUBMISSION_LIMIT);

  constructor(instance: number) {
    this.instance = instance;
  }
}

interface NamedStream {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly instance: number;
}

export class GuestEvents {
  /** Time of the first row on the container's scale; rows are offsets from it. */
  firstRow = Number.NaN;
  readonly #out: EventBuilder;
  readonly #losses: LossLog;
  /** The guest or buffer instance of the events that come, where one text holds several: 0 without a name. */
  instance = 0;
  readonly #instances: string[] = [''];
  readonly #streams: NamedStream[] = [];
  readonly #runs: OpenRun[] = [];
  readonly #waiters = new WaiterTable('cpu', 'CPU');
  #lastStream = -1;
  /** By instance. */
  readonly #unmapStreams = new Map<number, number>();
  #hasQi = false;

  constructor(out: EventBuilder, losses: LossLog) {
    this.#out = out;
    this.#losses = losses;
  }

  /** The number of the instance called `name`; -1 where there are too many to be true. */
  instanceOf(name: string): number {
    const known = this.#instances.indexOf(name);
    if (known >= 0) return known;
    return this.#instances.length >= STREAM_LIMIT ? -1 : this.#instances.push(name) - 1;
  }

  /** The stream of the IOMMU named `bytes[start … end)`; -1 where there are too many to be true. */
  iommu(bytes: Uint8Array, start: number, end: number): number {
    const last = this.#lastStream;
    const isIt = ({ instance, bytes: name }: NamedStream): boolean =>
      instance === this.instance && sameBytes(name, bytes, start, end);
    if (last >= 0 && isIt(this.#streams[last])) return last;
    let found = this.#streams.findIndex(isIt);
    if (found < 0) {
      if (this.#streams.length >= STREAM_LIMIT) return -1;
      found = this.#addStream(Buffer.from(bytes.subarray(start, end)).toString('latin1'));
    }
    this.#lastStream = found;
    return found;
  }

  /** One descriptor as the guest's driver built it. */
  qiSubmit(time: number, cpu: number, stream: number, lower: VtdWords, upper: Words128): void {
    const out = this.#out;
    const run = this.#runs[stream];
    const type = vtdType(lower.q0lo);
    const isAlone = ALONE[type] ?? true;
    if (run.length > 0 && (isAlone || run.cpu !== cpu || !hasRoom(run, lower, type)))
      this.#close(stream);
    this.#hasQi = true;
    let row = this.#row(time, cpu, stream);
    decodeVtd256(out, row, lower, upper);
    if (run.length > 0 && isOtherRange(run, out, row)) {
      // Only its range tells that this descriptor starts anew: the barrier belongs before it.
      out.drop();
      this.#losses.seen--;
      this.#close(stream);
      row = this.#row(time, cpu, stream);
      decodeVtd256(out, row, lower, upper);
    }
    if (type === 5) return; // a wait, should a kernel ever trace it, is itself the barrier
    join(run, out, row);
    run.tagLow[run.length] = lower.q0lo;
    run.tagHigh[run.length] = lower.q0hi;
    run.length++;
    run.cpu = cpu;
    run.at = time;
    if (isAlone) this.#close(stream);
  }

  /** One call of iommu_unmap: `page` and `pages` are what it took out. */
  unmap(time: number, cpu: number, page: number, pages: number): void {
    this.border(cpu);
    const { instance } = this;
    let stream = this.#unmapStreams.get(instance);
    if (stream === undefined) {
      stream = this.#addStream('iommu:unmap');
      this.#unmapStreams.set(instance, stream);
    }
    const row = this.#row(time, cpu, stream);
    this.#out.kind[row] = KIND.unmap;
    setRange(this.#out, row, page, pages);
  }

  /** An event that ends the submissions which its CPU had under way. */
  border(cpu: number): void {
    for (let stream = 0; stream < this.#runs.length; stream++) {
      const { length, cpu: runCpu, instance } = this.#runs[stream];
      if (length > 0 && runCpu === cpu && instance === this.instance) this.#close(stream);
    }
  }

  /** The recording is over, or events were lost: nothing joins what came before. */
  end(): void {
    for (let stream = 0; stream < this.#runs.length; stream++) {
      if (this.#runs[stream].length > 0) this.#close(stream);
    }
  }

  facts(): Pick<
    SourceFacts,
    'barriers' | 'barrierRule' | 'arrivals' | 'streams' | 'viommus' | 'waiters'
  > {
    const rules = [
      ...(this.#hasQi ? [QI_RULE] : []),
      ...(this.#unmapStreams.size > 0 ? [UNMAP_RULE] : []),
    ];
    const unmaps = new Set(this.#unmapStreams.values());
    return {
      // Where nothing but unmaps were traced, no wait can be implied of anything.
      barriers: this.#hasQi ? 'implied' : 'unknown',
      barrierRule: rules.join('; '),
      arrivals: 'after-lock',
      streams: this.#streams.map(({ name }, index) => ({
        index,
        vm: 0,
        viommu: index,
        queue: 0,
        name,
      })),
      viommus: this.#streams.map((_, index) => {
        const isVtd = !unmaps.has(index);
        return {
          index,
          vm: 0,
          family: isVtd ? 'vtd' : 'unknown',
          name: isVtd ? 'Intel VT-d' : '',
        };
      }),
      waiters: [...this.#waiters.list()],
    };
  }

  #row(time: number, cpu: number, stream: number): number {
    if (Number.isNaN(this.firstRow)) this.firstRow = time;
    const out = this.#out;
    const row = out.next(time - this.firstRow, stream);
    if (cpu >= 0 && cpu <= CPU_LIMIT) {
      out.cpu[row] = cpu;
      out.present[row] |= PRESENT.cpu;
      const waiter = this.#waiters.indexOf(cpu);
      if (waiter >= 0) setWaiter(out, row, waiter);
    }
    this.#losses.seen++;
    return row;
  }

  #close(stream: number): void {
    const run = this.#runs[stream];
    const row = this.#row(run.at, run.cpu, stream); // first: it may move the columns
    this.#out.kind[row] = KIND.barrier;
    run.length = 0;
    run.pages = 0;
  }

  #addStream(name: string): number {
    const { instance } = this;
    this.#runs.push(new OpenRun(instance));
    const whole = [this.#instances[instance], name].filter((part) => part !== '').join(' ');
    const bytes = new Uint8Array(Buffer.from(name, 'latin1'));
    return this.#streams.push({ name: whole, bytes, instance }) - 1;
  }
}

/**
 * A flush makes one descriptor a tag (spec 7.2), so a tag that comes again is another flush. A device-TLB
 * descriptor may come twice in a row: some devices need it so.
 */
function hasRoom(run: OpenRun, lower: VtdWords, type: number): boolean {
  const { length } = run;
  if (length === SUBMISSION_LIMIT) return false;
  for (let i = 0; i < length; i++) {
    if (run.tagLow[i] !== lower.q0lo || run.tagHigh[i] !== lower.q0hi) continue;
    const isDoubled = i === length - 1 && (type === 3 || type === 8);
    if (!isDoubled) return false;
  }
  return true;
}

function isOtherRange(run: OpenRun, out: EventBuilder, row: number): boolean {
  if (run.pages === 0 || (out.present[row] & PRESENT.range) === 0) return false;
  return out.page[row] !== run.page || out.pages[row] !== run.pages;
}

function join(run: OpenRun, out: EventBuilder, row: number): void {
  if (run.pages !== 0 || (out.present[row] & PRESENT.range) === 0) return;
  run.page = out.page[row];
  run.pages = out.pages[row];
}

function sameBytes(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return false;
  return true;
}
