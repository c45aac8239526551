// The owner protocol of Linux's SMMUv3 driver (design §13, what can pay): one CPU owns the batch that gathers
// the commands of all, waits until the write of the previous doorbell has returned, and rings once. Non-owners
// never ring. Which CPUs share a doorbell therefore emerges here; it is not replayed from a recording.

import { fits } from '../closed-loop/cut.ts';
import { isInsideDoorbell, type Grouping } from '../strategies/grouping.ts';

/** One interval of a CPU: it thinks, then asks for so many entries and waits. */
export interface Ask {
  readonly thinkNs: number;
  readonly entries: number;
}

export interface OwnerSetup {
  /** By CPU: its intervals in order. */
  readonly cpus: readonly (readonly Ask[])[];
  readonly grouping: Grouping;
  /** From a doorbell until its rows arrive. */
  readonly exitNs: number;
  /** What each waiting CPU adds to a call outside a doorbell. */
  readonly pollNs: number;
  readonly serviceNs: (entries: number) => number;
}

export interface OwnerTotals {
  readonly calls: number;
  readonly doorbells: number;
  readonly waits: number;
  /** From a CPU's entry into the driver until it goes on, gathering included. */
  readonly stallNs: number;
  readonly spanNs: number;
}

interface Cpu {
  readonly asks: readonly Ask[];
  next: number;
  enteredNs: number;
}

/** CPUs that wait for the entries of a call, or of several. */
interface Wait {
  readonly cpu: Cpu;
  /** Calls that have not completed. */
  calls: number;
}

interface Call {
  entries: number;
  readonly waits: Wait[];
}

/** What happens at a moment, in this order (rule 8). */
const PHASE = { arrival: 0, completion: 1, closing: 2 } as const;

interface Event {
  readonly atNs: number;
  readonly phase: number;
  readonly order: number;
  readonly run: () => void;
}

export function simulateOwner(setup: OwnerSetup): OwnerTotals {
  return new Owner(setup).run();
}

class Owner {
  readonly #setup: OwnerSetup;
  readonly #inDoorbell: boolean;
  readonly #events: Event[] = [];
  #order = 0;
  #nowNs = 0;
  #gathering: Cpu[] = [];
  #isRinging = false;
  /** CPUs of the doorbell under way, where its calls run inside it. */
  #inside: { readonly cpus: readonly Cpu[]; calls: number } | undefined;
  /** Entries of the open group or, under `drain`, due; each with the CPU that waits for them. */
  #group: { readonly wait: Wait; readonly entries: number }[] = [];
  #opened = 0;
  readonly #queue: Call[] = [];
  #isServing = false;
  /** CPUs in the driver, and those that have nothing left to ask. */
  #standing = 0;
  #ended = 0;
  #calls = 0;
  #doorbells = 0;
  #waits = 0;
  #stallNs = 0;

  constructor(setup: OwnerSetup) {
    this.#setup = setup;
    this.#inDoorbell = isInsideDoorbell(setup.grouping);
  }

  run(): OwnerTotals {
    for (const asks of this.#setup.cpus) this.#think({ asks, next: 0, enteredNs: 0 });
    while (this.#events.length > 0) {
      const event = this.#pop();
      this.#nowNs = event.atNs;
      event.run();
      const next = this.#events[0];
      if (next === undefined || next.atNs > this.#nowNs || next.phase === PHASE.closing)
        this.#closings();
    }
    return {
      calls: this.#calls,
      doorbells: this.#doorbells,
      waits: this.#waits,
      stallNs: this.#stallNs,
      spanNs: this.#nowNs,
    };
  }

  #think(cpu: Cpu): void {
    if (cpu.next >= cpu.asks.length) return;
    this.#at(this.#nowNs + cpu.asks[cpu.next].thinkNs, PHASE.arrival, () => {
      cpu.enteredNs = this.#nowNs;
      this.#standing++;
      this.#gathering.push(cpu);
    });
  }

  /** After all else of a moment: the owner rings, and an idle server takes what is due. */
  #closings(): void {
    if (!this.#isRinging && this.#gathering.length > 0) this.#ring();
    const { grouping } = this.#setup;
    const isDeserted =
      grouping.kind === 'window' &&
      grouping.early &&
      this.#group.length > 0 &&
      this.#standing === this.#setup.cpus.length - this.#ended;
    if (isDeserted && !this.#isRinging) this.#close();
    if (grouping.kind === 'drain' && !this.#isServing && this.#group.length > 0) this.#close();
  }

  #ring(): void {
    const cpus = this.#gathering;
    this.#gathering = [];
    this.#isRinging = true;
    this.#doorbells++;
    this.#waits += cpus.length;
    this.#at(this.#nowNs + this.#setup.exitNs, PHASE.arrival, () => this.#arrive(cpus));
  }

  #arrive(cpus: readonly Cpu[]): void {
    const { grouping } = this.#setup;
    const waits = cpus.map((cpu) => ({ cpu, calls: 0 }));
    const entriesOf = (i: number): number => cpus[i].asks[cpus[i].next].entries;
    if (!this.#inDoorbell) this.#isRinging = false;
    switch (grouping.kind) {
      case 'request':
        waits.forEach((wait, i) => {
          for (let n = 0; n < entriesOf(i); n++) this.#call([{ wait, entries: 1 }]);
        });
        break;
      case 'interval':
        waits.forEach((wait, i) => this.#call([{ wait, entries: entriesOf(i) }]));
        break;
      case 'submission':
        this.#call(waits.map((wait, i) => ({ wait, entries: entriesOf(i) })));
        break;
      case 'window':
      case 'drain':
        waits.forEach((wait, i) => this.#add(wait, entriesOf(i), grouping));
        break;
      case 'released-early':
      case 'custom':
        throw new Error(`what-if: ${grouping.kind} has no place in the owner protocol`);
    }
    if (this.#inDoorbell)
      this.#inside = { cpus, calls: this.#queue.length + (this.#isServing ? 1 : 0) };
  }

  #add(wait: Wait, entries: number, grouping: Grouping & { readonly maxCommands: number }): void {
    const has = this.#group.reduce((sum, one) => sum + one.entries, 0);
    if (grouping.kind === 'window' && !fits(has, entries, grouping.maxCommands)) this.#close();
    if (this.#group.length === 0 && grouping.kind === 'window') {
      const opened = ++this.#opened;
      this.#at(this.#nowNs + grouping.widthNs, PHASE.closing, () => {
        if (opened === this.#opened && this.#group.length > 0) this.#close();
      });
    }
    wait.calls++; // until its group is closed
    this.#group.push({ wait, entries });
    const now = this.#group.reduce((sum, one) => sum + one.entries, 0);
    if (grouping.kind === 'window' && now >= grouping.maxCommands) this.#close();
  }

  #close(): void {
    const { grouping } = this.#setup;
    const most = 'maxCommands' in grouping ? grouping.maxCommands : Number.POSITIVE_INFINITY;
    let count = 0;
    let has = 0;
    while (count < this.#group.length && fits(has, this.#group[count].entries, most))
      has += this.#group[count++].entries;
    const taken = this.#group.splice(0, count);
    this.#opened++;
    for (const { wait } of taken) wait.calls--;
    this.#call(taken);
  }

  #call(parts: readonly { readonly wait: Wait; readonly entries: number }[]): void {
    this.#calls++;
    let entries = 0;
    for (const part of parts) {
      part.wait.calls++;
      entries += part.entries;
    }
    this.#queue.push({ entries, waits: parts.map(({ wait }) => wait) });
    if (!this.#isServing) this.#serve();
  }

  #serve(): void {
    const call = this.#queue.shift();
    this.#isServing = call !== undefined;
    if (call === undefined) return;
    const releases = call.waits.some((wait) => wait.calls === 1);
    const polls = this.#inDoorbell ? 0 : this.#standing - (releases ? 1 : 0);
    const tookNs = this.#setup.serviceNs(call.entries) + Math.max(0, polls) * this.#setup.pollNs;
    this.#at(this.#nowNs + tookNs, PHASE.completion, () => this.#complete(call));
  }

  #complete(call: Call): void {
    for (const wait of call.waits) {
      wait.calls--;
      if (!this.#inDoorbell && wait.calls === 0) this.#release(wait.cpu);
    }
    if (this.#inside !== undefined && --this.#inside.calls === 0) {
      // Nobody sees a completion before the doorbell ends (rule 5).
      for (const cpu of this.#inside.cpus) this.#release(cpu);
      this.#inside = undefined;
      this.#isRinging = false;
    }
    this.#serve();
  }

  #release(cpu: Cpu): void {
    this.#stallNs += this.#nowNs - cpu.enteredNs;
    this.#standing--;
    cpu.next++;
    if (cpu.next >= cpu.asks.length) this.#ended++;
    this.#think(cpu);
  }

  #at(atNs: number, phase: number, run: () => void): void {
    const event = { atNs, phase, order: this.#order++, run };
    const { length } = this.#events;
    this.#events.push(event);
    let place = length;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (!isBefore(event, this.#events[parent])) break;
      this.#events[place] = this.#events[parent];
      place = parent;
    }
    this.#events[place] = event;
  }

  #pop(): Event {
    const events = this.#events;
    const first = events[0];
    const last = events.pop();
    if (last === undefined || events.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= events.length) break;
      if (child + 1 < events.length && isBefore(events[child + 1], events[child])) child++;
      if (!isBefore(events[child], last)) break;
      events[place] = events[child];
      place = child;
    }
    events[place] = last;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  if (a.atNs !== b.atNs) return a.atNs < b.atNs;
  if (a.phase !== b.phase) return a.phase < b.phase;
  return a.order < b.order;
}
