// Hands QEMU's trace events to the families, and their rows to the builder: one stream a family, in the
// order of appearance. Shared by the log and the binary backend; owns no container and no clock.

import { NameTable, type TextCursor } from '../../base/index.ts';
import { setWaiter } from '../../decoders/columns.ts';
import {
  WaiterTable,
  type EventBuilder,
  type LossDetail,
  type LossLog,
} from '../../model/index.ts';
import type { SourceFacts } from '../source.ts';
import type { KindCount, LineCount } from '../text/line-count.ts';
import { qemuFamilies } from './families.ts';
import type { GuestSurvey } from './guest-survey.ts';
import type { LineVerdict, OpenFamily, QemuContext } from './family.ts';

const SPACE = 32;

export interface EventEntry {
  readonly name: string;
  readonly family: number;
  readonly event: number;
  /** Lines of it that were understood and that were not. */
  readonly count: KindCount;
}

export interface DispatchOptions {
  readonly out: EventBuilder;
  readonly cursor: TextCursor;
  readonly losses: LossLog;
  readonly lines: LineCount;
  readonly unit: LossDetail['unit'];
  /** How the guests are called, where there are several. */
  readonly guests?: readonly string[];
  /** Is told where queues are, where it is not yet known whose lines are whose. */
  readonly survey?: GuestSurvey;
}

/** Waits as a header tells of them: what is unknown outweighs what a rule implies. */
export function barrierFacts(
  rule: string | undefined,
  unknown: string | undefined,
): Pick<SourceFacts, 'barriers' | 'barrierRule'> {
  if (unknown !== undefined) return { barriers: 'unknown', barrierRule: unknown };
  return rule === undefined ? { barriers: 'seen' } : { barriers: 'implied', barrierRule: rule };
}

export class QemuDispatch {
  /** Time of the current event, ns on any scale that the container keeps to. */
  now = 0;
  /** Where the current event stands in the input. */
  place = 0;
  /** The thread that printed the current event; -1 where the input does not show it. */
  thread = -1;
  /** Who printed it, as far as the text before it tells; empty where it does not. */
  origin = '';
  /** Whose line the current one is. */
  guest = 0;
  /** `now` of the first row; rows are offsets from it. */
  firstRow = Number.NaN;
  readonly #out: EventBuilder;
  readonly #losses: LossLog;
  readonly #lines: LineCount;
  readonly #unit: LossDetail['unit'];
  readonly #survey: GuestSurvey | undefined;
  readonly #guests: readonly string[];
  /** The families of each guest. */
  readonly #open: readonly (readonly OpenFamily[])[];
  readonly #entries: readonly EventEntry[];
  readonly #events: NameTable<EventEntry>;
  /** Guest and family of each stream, and how many waits it had. */
  readonly #streams: { readonly guest: number; readonly family: number; waits: number }[] = [];
  /** Guest of each waiter. */
  readonly #guestOf: number[] = [];
  readonly #waiters = new WaiterTable('thread', 'thread');
  /** Told of every row before it is added: its number in the recording and its time. */
  onRow: ((seq: number, now: number) => void) | undefined;

  constructor(options: DispatchOptions) {
    this.#out = options.out;
    this.#losses = options.losses;
    this.#lines = options.lines;
    this.#unit = options.unit;
    this.#survey = options.survey;
    this.#guests = options.guests ?? [''];
    this.#open = this.#guests.map((_, guest) =>
      qemuFamilies.map((family, index) => family.open(this.#context(guest, index, options.cursor))),
    );
    this.#entries = this.#open[0].flatMap((open, family) =>
      open.events.map((name, event) => ({
        name,
        family,
        event,
        count: options.lines.kind(name),
      })),
    );
    this.#events = new NameTable(this.#entries.map((entry) => [entry.name, entry] as const));
  }

  /** Every event that a family reads. */
  entries(): readonly EventEntry[] {
    return this.#entries;
  }

  /** The event whose name starts at the cursor, which then stands behind the space that follows. */
  find(cursor: TextCursor): EventEntry | undefined {
    const entry = this.#events.findWord(cursor.bytes, cursor.at, cursor.end, SPACE);
    if (entry !== undefined) cursor.at = Math.min(this.#events.wordEnd + 1, cursor.end);
    return entry;
  }

  handle(entry: EventEntry): LineVerdict {
    return this.#open[this.guest][entry.family].handle(entry.event);
  }

  /** The last line is cut: one of `entry`, or of an event that can't be told any more. */
  spoil(entry: EventEntry | undefined): void {
    if (entry !== undefined) this.#open[this.guest][entry.family].spoil?.(entry.event);
    else for (const family of this.#open.flat()) family.spoil?.(undefined);
  }

  end(): void {
    for (const family of this.#open.flat()) family.end?.();
  }

  /** One vIOMMU with one queue for each family that was seen, and the threads that carried its requests. */
  facts(): Pick<SourceFacts, 'arrivals' | 'streams' | 'viommus' | 'waiters'> {
    const seen = this.#streams.map(({ guest, family }) => ({
      vm: guest,
      family: qemuFamilies[family].family,
      iommu: qemuFamilies[family].iommu,
      name: this.#nameOf(guest, family),
    }));
    return {
      arrivals: 'after-lock',
      streams: seen.map(({ vm, name }, index) => ({
        index,
        vm,
        viommu: index,
        queue: 0,
        name,
      })),
      viommus: seen.map(({ vm, family, iommu: name }, index) => ({ index, vm, family, name })),
      waiters: this.#waiters
        .list()
        .map((waiter) => ({ ...waiter, vm: this.#guestOf[waiter.index] ?? 0 })),
    };
  }

  /** Why it is not known when the guest waited; undefined where it is. */
  unknownWaits(): string | undefined {
    const reasons = this.#streams.flatMap(({ guest, family, waits }) => {
      const { wait } = qemuFamilies[family];
      const stream = this.#nameOf(guest, family);
      const own = this.#open[guest][family].unknownWaits?.();
      if (own !== undefined) return [`${stream}: ${own}`];
      if (waits > 0) return [];
      return [`${stream}: not one wait (${wait}) is in it: they were not traced, or filtered out`];
    });
    return reasons.length === 0 ? undefined : reasons.join('; ');
  }

  /** The rules of the families that do not show their waits; undefined where all do. */
  barrierRule(): string | undefined {
    const implied = this.#streams.map(({ family }) => qemuFamilies[family]);
    if (!implied.some((family) => family.barrierRule !== undefined)) return undefined;
    return implied
      .map((family) => `${family.stream}: ${family.barrierRule ?? 'waits are seen'}`)
      .join('; ');
  }

  #nameOf(guest: number, family: number): string {
    const name = this.#guests[guest];
    const { stream } = qemuFamilies[family];
    return name === '' ? stream : `${name}: ${stream}`;
  }

  #context(guest: number, family: number, cursor: TextCursor): QemuContext {
    let stream = -1;
    const waiter = (): number => {
      if (this.thread < 0) return -1;
      const index = this.#waiters.indexOf(this.thread);
      if (index >= 0) this.#guestOf[index] = guest;
      return index;
    };
    const rowAt = (now: number, by: number): number => {
      if (stream < 0) {
        stream = this.#streams.length;
        this.#streams.push({ guest, family, waits: 0 });
      }
      if (Number.isNaN(this.firstRow)) this.firstRow = now;
      this.#losses.seen++;
      this.onRow?.(this.#out.firstSeq + this.#out.count, now);
      const row = this.#out.next(now - this.firstRow, stream);
      if (by >= 0) setWaiter(this.#out, row, by);
      return row;
    };
    return {
      out: this.#out,
      cursor,
      now: () => this.now,
      place: () => this.place,
      waiter,
      row: () => rowAt(this.now, waiter()),
      waited: () => {
        this.#streams[stream].waits++;
      },
      rowAt,
      position: (queue, at) => this.#survey?.mark(queue, at),
      lose: (place, reason, kind) => {
        if (kind === undefined) this.#losses.add(place, this.#unit, reason);
        else this.#lines.unusable(place, this.#unit, reason, kind);
      },
      kept: (kind) => {
        this.#lines.kind(kind).kept++;
      },
    };
  }
}
