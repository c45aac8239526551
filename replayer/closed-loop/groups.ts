// What has arrived and is in no call yet, and when it becomes one: rules 8 to 10 of design §13, and §5's
// conditions on what may share a call. One group per stream, over all its waiters.

import { Agenda } from './agenda.ts';
import type { Calls } from './calls.ts';
import type { Cursor } from './cursor.ts';
import { fits } from './cut.ts';
import type { Observer } from './driver.ts';
import { EntryList, addEntry } from './entry-list.ts';
import type { Grouping, HoldingRule } from '../strategies/grouping.ts';
import { StepBatch } from '../steps/step-batch.ts';
import type { Servers } from './options.ts';
import type { RequestSort, Submissions } from './submissions.ts';

interface Stream {
  /** Entries and barriers that have arrived. */
  asked: number;
  barriers: number;
  /** The group that is open, and the commands in it. */
  readonly group: EntryList;
  commands: number;
  /** A running number of when the group was opened. */
  opened: number;
  /** They are of several kinds: then only what the same barrier precedes may join them (design §5). */
  isMixed: boolean;
  /** Entries that go as soon as the server is idle. */
  readonly due: EntryList;
  isTouched: boolean;
}

export interface GroupSetup {
  readonly submissions: Submissions;
  readonly grouping: Grouping;
  readonly servers: Servers;
  readonly calls: Calls;
  /** The moment it is, in one element. */
  readonly nowNs: Float64Array;
  readonly observer: Observer | undefined;
}

export class Groups {
  /** Calls that were formed, and the entries in them. */
  formed = 0;
  entries = 0;
  /** Groups that were closed. */
  closings = 0;
  readonly #sorts: readonly RequestSort[];
  readonly #grouping: Grouping;
  readonly #maxCommands: number;
  readonly #waits: boolean;
  readonly #waitNs: number;
  readonly #drains: boolean;
  /** By stream, where a custom rule decides when groups close. */
  readonly #rules: readonly HoldingRule[];
  readonly #entry = new StepBatch();
  readonly #servers: Servers;
  readonly #calls: Calls;
  readonly #nowNs: Float64Array;
  readonly #observer: Observer | undefined;
  readonly #streams: readonly Stream[];
  readonly #closing: Agenda;
  /** Streams whose last active waiter has gone, and those where the server or what is due has changed. */
  #deserted: number[] = [];
  #touched: number[] = [];
  #openings = 0;
  /** Servers that were given calls. */
  readonly #fed: number[] = [];
  readonly #isFed: Uint8Array;
  /** By target: its call in the group that closes, where that call is of this closing. */
  readonly #callOf: Int32Array;
  readonly #closingOf: Float64Array;
  /** The target whose entries are a call each; -1 where there is none. */
  readonly #eachEntry: number;

  // The submission that arrives.
  #stream = 0;
  #its: Stream;
  #waiter = -1;

  constructor({ submissions, grouping, servers, calls, nowNs, observer }: GroupSetup) {
    this.#sorts = submissions.sorts;
    this.#grouping = grouping;
    this.#maxCommands = mostOf(grouping);
    this.#waitNs =
      grouping.kind === 'window'
        ? grouping.widthNs
        : grouping.kind === 'released-early'
          ? grouping.timeoutNs
          : Number.NaN;
    this.#waits = !Number.isNaN(this.#waitNs);
    this.#drains = grouping.kind === 'drain' || (grouping.kind === 'window' && grouping.thenDrain);
    this.#rules = grouping.kind === 'custom' ? submissions.streams.map(() => grouping.open()) : [];
    this.#servers = servers;
    this.#calls = calls;
    this.#nowNs = nowNs;
    this.#observer = observer;
    this.#streams = submissions.streams.map(() => ({
      asked: 0,
      barriers: 0,
      group: new EntryList(),
      commands: 0,
      opened: 0,
      isMixed: false,
      due: new EntryList(),
      isTouched: false,
    }));
    this.#eachEntry = submissions.eachEntry;
    this.#its = this.#streams[0];
    this.#closing = new Agenda(submissions.streams.length);
    this.#isFed = new Uint8Array(submissions.streams.length + submissions.waiters.length);
    this.#callOf = new Int32Array(submissions.targets);
    this.#closingOf = new Float64Array(submissions.targets);
  }

  /** Lowers `soonestNs[0]` to the end of the first window. */
  lower(soonestNs: Float64Array): void {
    this.#closing.lower(soonestNs);
  }

  asked(stream: number): number {
    return this.#streams[stream].asked;
  }

  /** Place of the first entry of `stream` that is in no call; Infinity where all are. */
  firstWaiting(stream: number): number {
    const { due, group } = this.#streams[stream];
    if (due.length > 0) return due.order[due.from];
    return group.length > 0 ? group.order[group.from] : Number.POSITIVE_INFINITY;
  }

  /** The server of a call of `stream` made in the thread of `waiter`, or by a worker where that is -1. */
  serverOf(stream: number, waiter: number): number {
    if (this.#servers === 'vm') return 0;
    return this.#servers === 'waiter' && waiter >= 0 ? this.#streams.length + waiter : stream;
  }

  /** A submission arrives; calls that it makes run in the thread of `waiter`, if that is not -1. */
  arriving(stream: number, waiter: number): void {
    this.#stream = stream;
    this.#its = this.#streams[stream];
    this.#waiter = waiter;
  }

  /** Row `i` of the submission, a request, comes: what it can't share a call with goes out before it. */
  makeRoom(rows: Cursor, i: number): void {
    if (this.#grouping.kind === 'drain') return;
    const { group, commands, isMixed, barriers } = this.#its;
    if (group.length === 0) return;
    const { kind, commands: more } = this.#sorts[rows.sort[i]];
    const isSameKind = !isMixed && this.#sorts[group.sort[group.from]].kind === kind;
    const isSameInterval = group.epoch[group.from] === barriers;
    if (!fits(commands, more, this.#maxCommands) || !(isSameKind || isSameInterval)) this.#close();
  }

  /** It has arrived. */
  request(rows: Cursor, i: number): void {
    const its = this.#its;
    if (this.#grouping.kind === 'drain') {
      this.#add(its.due, rows, i);
      this.touch(this.#stream, -1);
      return;
    }
    const { group } = its;
    const sort = rows.sort[i];
    this.#add(group, rows, i);
    if (group.length === 1) this.#opened(its);
    its.commands += this.#sorts[sort].commands;
    its.isMixed ||= this.#sorts[group.sort[group.from]].kind !== this.#sorts[sort].kind;
    if (this.#rules.length > 0) this.#showRule(group);
    if (its.commands >= this.#maxCommands) this.#close();
  }

  #add(list: EntryList, rows: Cursor, i: number): void {
    const its = this.#its;
    const entry = list.add();
    list.row[entry] = rows.row[i];
    list.sort[entry] = rows.sort[i];
    list.page[entry] = rows.page[i];
    list.pages[entry] = rows.pages[i];
    list.order[entry] = its.asked++;
    list.epoch[entry] = its.barriers;
    list.atNs[entry] = this.#nowNs[0];
  }

  /** Shows a custom rule the entry that the group ends with. */
  #showRule(group: EntryList): void {
    const entry = this.#entry;
    entry.clear();
    addEntry(entry, group, group.to - 1, this.#sorts[group.sort[group.to - 1]]);
    this.#rules[this.#stream].arrived(entry, 0, this.#nowNs[0]);
    this.touch(this.#stream, -1);
  }

  #opened(its: Stream): void {
    its.opened = ++this.#openings;
    its.commands = 0;
    its.isMixed = false;
    if (this.#waits) {
      this.#closing.atNs[this.#stream] = this.#nowNs[0] + this.#waitNs;
      this.#closing.set(this.#stream);
    }
    // Where nobody is away already, nobody will be the last to stop (rows behind a waiter's last barrier).
    if (this.#grouping.kind === 'window') this.#deserted.push(this.#stream);
  }

  /** A barrier arrives. Returns how many entries of its stream arrived before it. */
  barrier(): number {
    const its = this.#its;
    its.barriers++;
    if (this.#grouping.kind === 'interval') this.#close();
    return its.asked;
  }

  /** No entry moves across a configuration row (design §5). */
  configuration(): void {
    const its = this.#its;
    if (!this.#drains) {
      this.#close();
      return;
    }
    this.#closing.remove(this.#stream);
    its.due.take(its.group);
    while (its.due.length > 0) this.#callDue(this.#stream);
  }

  /** The submission has arrived whole. */
  arrived(): void {
    if (this.#grouping.kind === 'submission') this.#close();
  }

  /** Closes the windows that end by now. */
  closeDue(): void {
    while (this.#closing.isDue(this.#nowNs)) this.#closeLater(this.#closing.next);
  }

  /** The last waiter that could add to the group of `stream` no longer can. */
  desert(stream: number): void {
    if (this.#grouping.kind === 'window') this.#deserted.push(stream);
    else if (this.#rules.length > 0) this.#touch(stream);
  }

  /** Closes the windows that nobody can add to: those of streams with no waiter `away`. */
  closeDeserted(away: Int32Array): void {
    if (this.#deserted.length === 0) return;
    const streams = this.#deserted.sort((a, b) => a - b);
    this.#deserted = [];
    for (const stream of streams) if (away[stream] === 0) this.#closeLater(stream);
  }

  /** What is due of `stream`, or its server, has changed; with `server` 0 of a whole machine, of all streams. */
  touch(stream: number, server: number): void {
    if (this.#rules.length > 0 && server >= 0) this.#rules[stream].completed(this.#nowNs[0]);
    if (!this.#drains && this.#rules.length === 0) return;
    if (server >= 0 && this.#servers === 'vm') {
      for (let each = 0; each < this.#streams.length; each++) this.#touch(each);
    } else {
      this.#touch(stream);
    }
  }

  /** Cuts a call from what is due where the server is idle, and asks custom rules. */
  cutDue(away: Int32Array): void {
    if (this.#touched.length === 0) return;
    const touched = this.#touched;
    this.#touched = [];
    for (const stream of touched) this.#streams[stream].isTouched = false;
    if (this.#rules.length > 0) {
      this.#askRules(touched, away);
      return;
    }
    if (touched.length > 1) touched.sort((a, b) => this.#dueSince(a) - this.#dueSince(b) || a - b);
    for (const stream of touched) {
      if (this.#streams[stream].due.length > 0 && this.#calls.isIdle(this.serverOf(stream, -1)))
        this.#callDue(stream);
    }
  }

  /** Asks rules in the order in which their groups were opened; what closes now closes by stream. */
  #askRules(touched: number[], away: Int32Array): void {
    touched.sort((a, b) => this.#streams[a].opened - this.#streams[b].opened);
    const now = touched.filter((stream) => this.#closesNow(stream, away[stream] === 0));
    for (const stream of now.sort((a, b) => a - b)) this.#closeLater(stream);
  }

  /** Asks the rule of `stream`. A moment to come is noted, in the order in which it was first named. */
  #closesNow(stream: number, isEveryoneWaiting: boolean): boolean {
    if (this.#streams[stream].group.length === 0) return false;
    const isServerIdle = this.#calls.isIdle(this.serverOf(stream, -1));
    const nowNs = this.#nowNs[0];
    const atNs = this.#rules[stream].closesAtNs({ nowNs, isServerIdle, isEveryoneWaiting });
    if (atNs <= nowNs) return true;
    if (this.#closing.isSet(stream) && this.#closing.atNs[stream] === atNs) return false;
    this.#closing.remove(stream);
    if (atNs === Number.POSITIVE_INFINITY) return false;
    this.#closing.atNs[stream] = atNs;
    this.#closing.set(stream);
    return false;
  }

  /** Everything that is still open goes out. False where nothing was. */
  closeAll(): boolean {
    const before = this.formed;
    for (let stream = 0; stream < this.#streams.length; stream++) {
      this.arriving(stream, -1);
      this.#close();
    }
    return this.formed > before;
  }

  /** A server that was given calls since it was last named here; -1 where there is none. */
  takeFed(): number {
    const server = this.#fed.pop() ?? -1;
    if (server >= 0) this.#isFed[server] = 0;
    return server;
  }

  #dueSince(stream: number): number {
    const { due } = this.#streams[stream];
    return due.length === 0 ? Number.POSITIVE_INFINITY : due.atNs[due.from];
  }

  #touch(stream: number): void {
    const its = this.#streams[stream];
    if (its.isTouched) return;
    its.isTouched = true;
    this.#touched.push(stream);
  }

  /** The open group of the stream that arrives. */
  #close(): void {
    const { group } = this.#its;
    if (group.length === 0) return;
    if (this.#waits || this.#rules.length > 0) this.#closing.remove(this.#stream);
    if (this.#rules.length > 0) this.#rules[this.#stream].closed(this.#nowNs[0]);
    if (this.#drains) {
      this.#its.due.take(group);
      this.touch(this.#stream, -1);
      return;
    }
    this.#form(this.#stream, group, group.from, group.to);
    group.clear();
  }

  /** The open group of a stream, outside any arrival. */
  #closeLater(stream: number): void {
    this.arriving(stream, -1);
    this.#close();
  }

  /** One cut of what is due. */
  #callDue(stream: number): void {
    this.arriving(stream, -1);
    const { due } = this.#its;
    let to = due.from + 1;
    const first = this.#sorts[due.sort[due.from]];
    let { commands } = first;
    let isMixed = false;
    for (; to < due.to; to++) {
      const sort = this.#sorts[due.sort[to]];
      if (!fits(commands, sort.commands, this.#maxCommands)) break;
      const isSameKind = !isMixed && first.kind === sort.kind;
      if (!isSameKind && due.epoch[due.from] !== due.epoch[to]) break;
      isMixed ||= first.kind !== sort.kind;
      commands += sort.commands;
    }
    this.#form(stream, due, due.from, to);
    if (to === due.to) due.clear();
    else due.from = to;
  }

  /** One call per target, in order of first entries. */
  #form(stream: number, list: EntryList, from: number, to: number): void {
    const calls = this.#calls;
    const server = this.serverOf(stream, this.#waiter);
    const closing = ++this.closings;
    const observer = this.#observer?.formed === undefined ? undefined : this.#observer;
    for (let i = from; i < to; i++) {
      const { target, commands } = this.#sorts[list.sort[i]];
      const isEach = target === this.#eachEntry;
      if (isEach || this.#closingOf[target] !== closing) {
        this.#closingOf[target] = closing;
        this.#callOf[target] = calls.form(server, stream, target, this.#waiter, list.order[i]);
        this.formed++;
      }
      const call = this.#callOf[target];
      calls.entries[call]++;
      calls.commands[call] += commands;
      if (isEach) observer?.formed?.(call, calls, list, i, i + 1);
    }
    if (observer !== undefined) this.#tell(observer, list, from, to);
    this.entries += to - from;
    if (this.#isFed[server] === 1) return;
    this.#isFed[server] = 1;
    this.#fed.push(server);
  }

  #tell(observer: Observer, list: EntryList, from: number, to: number): void {
    for (let i = from; i < to; i++) {
      const { target } = this.#sorts[list.sort[i]];
      const call = this.#callOf[target];
      if (target === this.#eachEntry || this.#calls.firstOrder[call] !== list.order[i]) continue;
      observer.formed?.(call, this.#calls, list, i, to);
    }
  }
}

/** Most commands of a call; a group that has so many closes at once. */
function mostOf(grouping: Grouping): number {
  switch (grouping.kind) {
    case 'request':
      return 1;
    case 'submission':
    case 'custom':
      return Number.POSITIVE_INFINITY;
    case 'interval':
    case 'window':
    case 'drain':
      return grouping.maxCommands;
    case 'released-early':
      return grouping.size;
  }
}
