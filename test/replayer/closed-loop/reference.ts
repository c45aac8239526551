// The closed loop of design §13, rules 1 to 10, as slowly and obviously as it can be written: objects, a list
// of events that is searched for the next one, and a look at every entry to see whether a barrier may go.

import type { Grouping } from '../../../replayer/strategies/grouping.ts';
import type { LoopOptions } from '../../../replayer/closed-loop/options.ts';
import { EACH_ENTRY, ROW, type LoopRows } from '../../../replayer/closed-loop/rows.ts';

export interface ReferenceCall {
  readonly stream: number;
  readonly target: number;
  readonly seqs: readonly number[];
  readonly startNs: number;
  readonly doneNs: number;
}

export interface ReferenceResult {
  readonly calls: readonly ReferenceCall[];
  readonly stallNs: number;
  readonly guestNs: number;
  readonly spanNs: number;
  /** Arrival of each row, by row number; NaN where it never arrived. */
  readonly arrivalNs: readonly number[];
  /** Release of each barrier, by row number. */
  readonly releaseNs: readonly number[];
}

interface Submission {
  readonly stream: number;
  readonly rows: number[];
  readonly firstRow: number;
  readonly firstNs: number;
  lastNs: number;
  doorbellNs: number;
  arrivedNs: number;
}

interface Entry {
  readonly seq: number;
  readonly order: number;
  readonly target: number;
  readonly kind: number;
  readonly commands: number;
  /** Barriers of the stream that had arrived before it. */
  readonly epoch: number;
}

interface Wait {
  readonly row: number;
  /** Entries of the stream that it waits for: those with a lower order. */
  readonly before: number;
  readonly submission: Submission;
  /** Undefined for an unknown CPU. */
  readonly waiter: Waiter | undefined;
}

interface Waiter {
  readonly number: number;
  readonly submissions: Submission[];
  readonly streams: Set<number>;
  /** Submissions up to and with the last one that has a barrier. */
  chained: number;
  next: number;
  /** First submission of the current interval. */
  first: Submission | undefined;
  state: 'away' | 'queued' | 'waiting' | 'ended';
  held: number[];
  wanted: number[];
  callsOut: number;
  inCallsNs: number;
  firstNs: number;
  lastNs: number;
}

interface Call {
  readonly stream: Stream;
  readonly entries: Entry[];
  readonly target: number;
  readonly waiter: Waiter | undefined;
  startNs: number;
}

interface Server {
  readonly queue: Call[];
  running: Call | undefined;
}

interface Stream {
  readonly number: number;
  /** Entries that have arrived, and those of them that no call has completed. */
  asked: number;
  undone: Entry[];
  barriers: number;
  group: Entry[];
  openedNs: number;
  due: Entry[];
  readonly waits: Wait[];
}

interface Event {
  readonly atNs: number;
  readonly phase: number;
  readonly order: number;
  readonly run: () => void;
}

export function referenceLoop(
  rows: LoopRows,
  grouping: Grouping,
  options: LoopOptions,
  serviceNs: (commands: number) => number,
): ReferenceResult {
  return new Reference(rows, grouping, options, serviceNs).run();
}

class Reference {
  readonly #rows: LoopRows;
  readonly #grouping: Grouping;
  readonly #options: LoopOptions;
  readonly #serviceNs: (commands: number) => number;
  readonly #waiters: Waiter[];
  readonly #streams = new Map<number, Stream>();
  readonly #servers = new Map<string, Server>();
  readonly #locks = new Map<number, { owner: Waiter | undefined; queue: Waiter[] }>();
  readonly #calls: ReferenceCall[] = [];
  readonly #arrivalNs: number[];
  readonly #releaseNs: number[];
  readonly #inDoorbell: boolean;
  #events: Event[] = [];
  #order = 0;
  #nowNs = 0;
  #stallNs = 0;

  constructor(
    rows: LoopRows,
    grouping: Grouping,
    options: LoopOptions,
    serviceNs: (commands: number) => number,
  ) {
    this.#rows = rows;
    this.#grouping = grouping;
    this.#options = options;
    this.#serviceNs = serviceNs;
    this.#inDoorbell =
      (grouping.kind === 'request' && grouping.thread === 'waiter') ||
      grouping.kind === 'interval' ||
      grouping.kind === 'submission';
    this.#waiters = waitersOf(rows);
    this.#arrivalNs = Array.from({ length: rows.count }, () => Number.NaN);
    this.#releaseNs = Array.from({ length: rows.count }, () => Number.NaN);
    for (let row = 0; row < rows.count; row++) this.#stream(rows.stream[row]);
  }

  run(): ReferenceResult {
    const starting = this.#waiters.filter((waiter) => waiter.submissions.length > 0);
    starting.sort((a, b) => a.submissions[0].rows[0] - b.submissions[0].rows[0]);
    for (const waiter of starting) {
      if (waiter.chained === 0) waiter.state = 'ended';
      this.#at(waiter.submissions[0].firstNs, 0, () => this.#ask(waiter));
    }
    for (;;) {
      while (this.#moment()) continue;
      const open = [...this.#streams.values()].filter(
        (stream) => stream.group.length > 0 || stream.due.length > 0,
      );
      if (open.length === 0) break;
      for (const stream of open) this.#close(stream, undefined);
      this.#start();
    }
    const lived = this.#waiters.filter((waiter) => !Number.isNaN(waiter.lastNs));
    return {
      calls: this.#calls,
      stallNs: this.#stallNs,
      guestNs: lived.reduce((sum, waiter) => sum + waiter.lastNs - waiter.firstNs, 0),
      spanNs:
        lived.length === 0
          ? 0
          : Math.max(...lived.map((waiter) => waiter.lastNs)) -
            Math.min(...lived.map((waiter) => waiter.firstNs)),
      arrivalNs: this.#arrivalNs,
      releaseNs: this.#releaseNs,
    };
  }

  #at(atNs: number, phase: number, run: () => void): void {
    this.#events.push({ atNs, phase, order: this.#order++, run });
  }

  /** Everything of one moment: arrivals, completions, closings, until nothing is left (rule 8). */
  #moment(): boolean {
    if (this.#events.length === 0) return false;
    this.#nowNs = Math.min(...this.#events.map((event) => event.atNs));
    for (;;) {
      const now = this.#events.filter((event) => event.atNs === this.#nowNs && event.phase < 2);
      if (now.length === 0) break;
      now.sort((a, b) => a.phase - b.phase || a.order - b.order);
      this.#events = this.#events.filter((event) => event !== now[0]);
      now[0].run();
    }
    const closings = this.#events.filter((event) => event.atNs === this.#nowNs);
    this.#events = this.#events.filter((event) => event.atNs !== this.#nowNs);
    for (const closing of closings) closing.run();
    this.#closeEarly();
    this.#cut();
    this.#start();
    return true;
  }

  #closeEarly(): void {
    const { kind } = this.#grouping;
    if (kind !== 'window' || !this.#grouping.early) return;
    for (const stream of this.#streams.values()) {
      const theirs = this.#waiters.filter((waiter) => waiter.streams.has(stream.number));
      if (stream.group.length > 0 && theirs.every((waiter) => waiter.state !== 'away'))
        this.#close(stream, undefined);
    }
  }

  // Doorbells and locks

  #ask(waiter: Waiter): void {
    const submission = waiter.submissions[waiter.next];
    if (waiter.next < waiter.chained) {
      if (Number.isNaN(waiter.firstNs)) waiter.firstNs = this.#nowNs;
      waiter.wanted = [...new Set(this.#keysFrom(waiter))].sort((a, b) => a - b);
    }
    waiter.first = submission;
    this.#lock(waiter, true);
  }

  /** Locks of the replayable rows of the waiter's interval. */
  #keysFrom(waiter: Waiter): number[] {
    const { serial } = this.#options;
    if (serial === 'cpu') return [];
    const keys: number[] = [];
    for (let i = waiter.next; i < waiter.submissions.length; i++) {
      for (const row of waiter.submissions[i].rows) {
        if (this.#rows.what[row] === ROW.barrier) return keys;
        if (this.#rows.what[row] !== ROW.request) continue;
        keys.push(serial === 'device' ? this.#rows.stream[row] : this.#rows.lock[row]);
      }
    }
    return keys;
  }

  #lock(waiter: Waiter, isAsking: boolean): void {
    while (waiter.wanted.length > 0) {
      const key = waiter.wanted[0];
      let lock = this.#locks.get(key);
      if (lock === undefined) this.#locks.set(key, (lock = { owner: undefined, queue: [] }));
      if (lock.owner !== undefined && lock.owner !== waiter) {
        waiter.state = 'queued';
        lock.queue.push(waiter);
        return;
      }
      lock.owner = waiter;
      waiter.held.push(key);
      waiter.wanted.shift();
    }
    if (waiter.state === 'queued') waiter.state = 'away';
    this.#ring(waiter, isAsking);
  }

  #unlock(waiter: Waiter): void {
    const { held } = waiter;
    waiter.held = [];
    for (const key of held) {
      const lock = this.#locks.get(key);
      if (lock === undefined) continue;
      lock.owner = lock.queue.shift();
      if (lock.owner !== undefined) this.#lock(lock.owner, false);
    }
  }

  #ring(waiter: Waiter, isAsking: boolean): void {
    waiter.submissions[waiter.next].doorbellNs = this.#nowNs;
    if (this.#options.exitNs === 0 && isAsking) this.#arrive(waiter);
    else this.#at(this.#nowNs + this.#options.exitNs, 0, () => this.#arrive(waiter));
  }

  // Arrivals

  #arrive(waiter: Waiter): void {
    const submission = waiter.submissions[waiter.next++];
    submission.arrivedNs = this.#nowNs;
    const stream = this.#stream(submission.stream);
    const waits: Wait[] = [];
    for (const row of submission.rows) {
      this.#arrivalNs[row] = this.#nowNs;
      switch (this.#rows.what[row]) {
        case ROW.request:
          this.#request(stream, row, waiter);
          break;
        case ROW.configuration:
          this.#configure(stream, waiter);
          break;
        case ROW.barrier:
          stream.barriers++;
          waits.push({
            row,
            before: stream.asked,
            submission,
            waiter: waits.length === 0 ? waiter : undefined,
          });
          if (this.#grouping.kind === 'interval') this.#close(stream, waiter);
          break;
        default:
      }
    }
    if (this.#grouping.kind === 'submission') this.#close(stream, waiter);
    for (const wait of waits)
      stream.waits.push(this.#inDoorbell ? { ...wait, before: stream.asked } : wait);
    if (waits.length > 0) waiter.state = 'waiting';
    if (this.#grouping.kind === 'released-early')
      for (const wait of stream.waits.splice(0)) this.#release(wait);
    else this.#releaseDone(stream);
    if (waits.length === 0 && waiter.callsOut === 0) this.#ringAgain(waiter, submission);
    this.#start();
  }

  /** The next submission of an interval that is not over. */
  #ringAgain(waiter: Waiter, last: Submission): void {
    if (waiter.next >= waiter.submissions.length) return;
    const { first } = waiter;
    const next = waiter.submissions[waiter.next];
    if (first === undefined) throw new Error('an interval without its first submission');
    if (this.#inDoorbell) waiter.inCallsNs += this.#nowNs - last.arrivedNs;
    const distance = first.doorbellNs + (next.firstNs - first.firstNs);
    this.#at(Math.max(distance, this.#nowNs), 0, () => this.#ring(waiter, true));
  }

  #request(stream: Stream, row: number, waiter: Waiter): void {
    const entry: Entry = {
      seq: row,
      order: stream.asked,
      target: this.#rows.target[row],
      kind: this.#rows.kind[row],
      commands: this.#rows.commands[row],
      epoch: stream.barriers,
    };
    const { group } = stream;
    const grouping = this.#grouping;
    if (grouping.kind === 'drain') {
      stream.asked++;
      stream.undone.push(entry);
      stream.due.push(entry);
      return;
    }
    if (!this.#mayShare(group, entry)) this.#close(stream, waiter);
    stream.asked++;
    stream.undone.push(entry);
    if (stream.group.length === 0) {
      stream.openedNs = this.#nowNs;
      const opened: Entry[] = (stream.group = []);
      const waitNs =
        grouping.kind === 'window'
          ? grouping.widthNs
          : grouping.kind === 'released-early'
            ? grouping.timeoutNs
            : Number.NaN;
      if (!Number.isNaN(waitNs))
        this.#at(this.#nowNs + waitNs, 2, () => {
          if (stream.group === opened && opened.length > 0) this.#close(stream, undefined);
        });
    }
    stream.group.push(entry);
    const most = this.#most();
    if (commandsOf(stream.group) >= most) this.#close(stream, waiter);
  }

  #most(): number {
    const grouping = this.#grouping;
    switch (grouping.kind) {
      case 'request':
        return 1;
      case 'interval':
      case 'window':
      case 'drain':
        return grouping.maxCommands;
      case 'submission':
      case 'custom':
        return Number.POSITIVE_INFINITY;
      case 'released-early':
        return grouping.size;
    }
  }

  /** Whether an entry may go with those before it: by its kind (design §5) and by the most of a call. */
  #mayShare(before: readonly Entry[], entry: Entry): boolean {
    if (before.length === 0) return true;
    if (commandsOf(before) + entry.commands > this.#most()) return false;
    return before.every((one) => one.kind === entry.kind || one.epoch === entry.epoch);
  }

  // Groups and calls

  /** A configuration row: what is open or due goes out before anything that comes after it. */
  #configure(stream: Stream, by: Waiter): void {
    this.#close(stream, by);
    while (stream.due.length > 0) this.#call(stream, this.#takeDue(stream), undefined);
  }

  /** The open group goes out, or becomes due. */
  #close(stream: Stream, by: Waiter | undefined): void {
    const grouping = this.#grouping;
    const { group } = stream;
    stream.group = [];
    if (grouping.kind === 'window' && grouping.thenDrain) {
      stream.due.push(...group);
      return;
    }
    this.#call(stream, group, this.#inDoorbell ? by : undefined);
  }

  /** As much of what is due as may go together. */
  #takeDue(stream: Stream): Entry[] {
    const taken: Entry[] = [];
    while (stream.due.length > 0 && this.#mayShare(taken, stream.due[0]))
      taken.push(stream.due.splice(0, 1)[0]);
    return taken;
  }

  #cut(): void {
    const grouping = this.#grouping;
    if (grouping.kind !== 'drain' && !(grouping.kind === 'window' && grouping.thenDrain)) return;
    const due = [...this.#streams.values()].filter((stream) => stream.due.length > 0);
    due.sort((a, b) => this.#arrivalNs[a.due[0].seq] - this.#arrivalNs[b.due[0].seq]);
    for (const stream of due) {
      const server = this.#server(stream, undefined);
      if (server.running === undefined && server.queue.length === 0)
        this.#call(stream, this.#takeDue(stream), undefined);
    }
  }

  #call(stream: Stream, entries: readonly Entry[], waiter: Waiter | undefined): void {
    const calls: Entry[][] = [];
    for (const entry of entries) {
      const call = calls.find((theirs) => theirs[0].target === entry.target);
      if (call === undefined || entry.target === EACH_ENTRY) calls.push([entry]);
      else call.push(entry);
    }
    for (const theirs of calls) {
      const { target } = theirs[0];
      if (waiter !== undefined) waiter.callsOut++;
      const call: Call = { stream, target, entries: theirs, waiter, startNs: Number.NaN };
      this.#server(stream, waiter).queue.push(call);
    }
  }

  #server(stream: Stream, waiter: Waiter | undefined): Server {
    const { servers } = this.#options;
    const name =
      servers === 'vm'
        ? 'vm'
        : servers === 'waiter' && waiter !== undefined
          ? `waiter ${waiter.number}`
          : `stream ${stream.number}`;
    let server = this.#servers.get(name);
    if (server === undefined) this.#servers.set(name, (server = { queue: [], running: undefined }));
    return server;
  }

  #start(): void {
    for (const server of this.#servers.values()) {
      if (server.running !== undefined || server.queue.length === 0) continue;
      const call = server.queue.splice(0, 1)[0];
      server.running = call;
      call.startNs = this.#nowNs;
      const tookNs = this.#serviceNs(commandsOf(call.entries)) + this.#pollsNs(call);
      this.#at(this.#nowNs + tookNs, 1, () => this.#complete(server, call));
    }
  }

  /** What the polls of waiting CPUs add to a call outside a doorbell (rule 7). */
  #pollsNs(call: Call): number {
    if (this.#inDoorbell || this.#options.pollNs === 0) return 0;
    const standing = call.stream.waits.filter((wait) => wait.waiter !== undefined);
    const releases = standing.some((wait) =>
      call.stream.undone.every(
        (entry) => entry.order >= wait.before || call.entries.includes(entry),
      ),
    );
    return (standing.length - (releases ? 1 : 0)) * this.#options.pollNs;
  }

  #complete(server: Server, call: Call): void {
    server.running = undefined;
    const { stream } = call;
    stream.undone = stream.undone.filter((entry) => !call.entries.includes(entry));
    this.#calls.push({
      stream: call.stream.number,
      target: call.target,
      seqs: call.entries.map((entry) => entry.seq),
      startNs: call.startNs,
      doneNs: this.#nowNs,
    });
    this.#releaseDone(call.stream);
    const { waiter } = call;
    if (waiter !== undefined && --waiter.callsOut === 0 && waiter.state !== 'waiting') {
      const last = waiter.submissions[waiter.next - 1];
      if (!last.rows.some((row) => this.#rows.what[row] === ROW.barrier))
        this.#ringAgain(waiter, last);
    }
    this.#start();
  }

  #releaseDone(stream: Stream): void {
    for (const wait of [...stream.waits]) {
      if (stream.undone.some((entry) => entry.order < wait.before)) continue;
      stream.waits.splice(stream.waits.indexOf(wait), 1);
      this.#release(wait);
    }
  }

  #release({ row, submission, waiter }: Wait): void {
    this.#releaseNs[row] = this.#nowNs;
    this.#stallNs += this.#nowNs - submission.doorbellNs;
    if (waiter === undefined) return;
    this.#stallNs += waiter.inCallsNs;
    waiter.inCallsNs = 0;
    waiter.lastNs = this.#nowNs;
    waiter.state = waiter.next < waiter.chained ? 'away' : 'ended';
    this.#unlock(waiter);
    if (waiter.next >= waiter.submissions.length) return;
    const think = Math.max(0, waiter.submissions[waiter.next].firstNs - submission.lastNs);
    this.#at(this.#nowNs + think, 0, () => this.#ask(waiter));
  }

  #stream(number: number): Stream {
    let stream = this.#streams.get(number);
    if (stream === undefined) {
      stream = {
        number,
        asked: 0,
        undone: [],
        barriers: 0,
        group: [],
        openedNs: 0,
        due: [],
        waits: [],
      };
      this.#streams.set(number, stream);
    }
    return stream;
  }
}

function commandsOf(entries: readonly Entry[]): number {
  return entries.reduce((sum, entry) => sum + entry.commands, 0);
}

/** The rows of each waiter as submissions (rule 1), without those that start no interval (rule 2). */
function waitersOf(rows: LoopRows): Waiter[] {
  const waiters = new Map<number, Waiter>();
  const open = new Map<number, { submission: Submission; number: number; hasBarrier: boolean }>();
  for (let row = 0; row < rows.count; row++) {
    const number = rows.waiter[row];
    let waiter = waiters.get(number);
    if (waiter === undefined) {
      waiter = {
        number,
        submissions: [],
        streams: new Set(),
        chained: 0,
        next: 0,
        first: undefined,
        state: 'away',
        held: [],
        wanted: [],
        callsOut: 0,
        inCallsNs: 0,
        firstNs: Number.NaN,
        lastNs: Number.NaN,
      };
      waiters.set(number, waiter);
    }
    const last = open.get(number);
    const goesOn =
      last !== undefined &&
      last.submission.stream === rows.stream[row] &&
      last.number === rows.submission[row] &&
      (rows.submission[row] !== 0 || !last.hasBarrier);
    let current = last;
    if (current === undefined || !goesOn) {
      const submission: Submission = {
        stream: rows.stream[row],
        rows: [],
        firstRow: row,
        firstNs: rows.tNs[row],
        lastNs: rows.tNs[row],
        doorbellNs: Number.NaN,
        arrivedNs: Number.NaN,
      };
      waiter.submissions.push(submission);
      current = { submission, number: rows.submission[row], hasBarrier: false };
      open.set(number, current);
    }
    current.submission.rows.push(row);
    current.submission.lastNs = rows.tNs[row];
    if (rows.what[row] === ROW.barrier) current.hasBarrier = true;
  }
  for (const waiter of waiters.values()) {
    dropIdle(waiter, rows);
    parted(waiter, rows);
  }
  return [...waiters.values()];
}

/** Leaves out submissions that start no interval; their configuration rows arrive with the next one. */
function dropIdle(waiter: Waiter, rows: LoopRows): void {
  const kept: Submission[] = [];
  let carried: number[] = [];
  let isStart = true;
  for (const one of waiter.submissions) {
    const has = (what: number): boolean => one.rows.some((row) => rows.what[row] === what);
    if (isStart && !has(ROW.request) && !has(ROW.barrier)) {
      carried.push(...one.rows.filter((row) => rows.what[row] === ROW.configuration));
      continue;
    }
    waiter.streams.add(one.stream);
    const its = carried.filter((row) => rows.stream[row] === one.stream);
    kept.push({ ...one, rows: [...its, ...one.rows] });
    carried = carried.filter((row) => rows.stream[row] !== one.stream);
    isStart = has(ROW.barrier);
    if (isStart) waiter.chained = kept.length;
  }
  waiter.submissions.splice(0, waiter.submissions.length, ...kept);
}

/** Behind the last barrier nothing tells what arrives together where no doorbell is seen: each row for itself. */
function parted(waiter: Waiter, rows: LoopRows): void {
  const rest = waiter.submissions.splice(waiter.chained);
  for (const one of rest) {
    const isSeen = one.rows.some((row) => rows.submission[row] !== 0);
    if (isSeen) waiter.submissions.push(one);
    else
      for (const row of one.rows) {
        // A carried configuration row came before; it arrives with the submission that takes it.
        const atNs = row < one.firstRow ? one.firstNs : rows.tNs[row];
        waiter.submissions.push({ ...one, rows: [row], firstNs: atNs, lastNs: atNs });
      }
  }
}
