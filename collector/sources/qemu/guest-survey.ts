// Whose lines are whose, where several guests wrote into one log: threads that work through one queue, one
// position after the other, belong to one guest. Decided once the log is read; rows are then made anew.

/** Positions are compared modulo this: queues are at least so long (Linux: 256 descriptors). */
const RING = 256;
const MARKS_KEPT = 1 << 21;
const SOURCES_KEPT = 64;
/** Steps back that a few lost lines explain. */
const FEW_BREAKS = 2;
const FEW_SHARE = 0.05;
/** A mix of guests steps back at every second turn; one guest's lossy log hardly ever does. */
const MIXED_SHARE = 0.25;
const ENOUGH_MARKS = 16;
/** So far ahead of a queue's last position its next one may be, where some lines are missing. */
const NEAR = 32;

interface Source {
  readonly thread: number;
  readonly origin: string;
}

/** Which guest a line belongs to, by the key of who printed it. */
export interface GuestMap {
  readonly of: ReadonlyMap<string, number>;
  /** How each guest is called. */
  readonly names: readonly string[];
}

export const sourceKey = (thread: number, origin: string): string => `${thread} ${origin}`;

export class GuestSurvey {
  readonly #sources: Source[] = [];
  readonly #numbers = new Map<string, number>();
  #source = -1;
  #thread = -2;
  #origin = '';
  #count = 0;
  #who = new Uint8Array(4096);
  /** Queue and position in it, `queue × RING + position`. */
  #positions = new Int32Array(4096);
  readonly #queues = new Map<number, number>();

  /** A line of ours, printed by `thread` behind `origin`. */
  from(thread: number, origin: string): void {
    if (thread === this.#thread && origin === this.#origin) return;
    this.#thread = thread;
    this.#origin = origin;
    const key = sourceKey(thread, origin);
    let source = this.#numbers.get(key);
    if (source === undefined) {
      source =
        this.#sources.length < SOURCES_KEPT ? this.#sources.push({ thread, origin }) - 1 : -1;
      this.#numbers.set(key, source);
    }
    this.#source = source;
  }

  /** The line shows that its queue is at `position`; `queue` tells queues apart where the line does. */
  mark(queue: number, position: number): void {
    if (this.#source < 0 || this.#count >= MARKS_KEPT) return;
    let number = this.#queues.get(queue);
    if (number === undefined) this.#queues.set(queue, (number = this.#queues.size));
    if (this.#count === this.#who.length) this.#grow();
    this.#who[this.#count] = this.#source;
    this.#positions[this.#count++] = number * RING + (position % RING);
  }

  /** The guests, where there are several and each line tells whose it is. */
  guests(): GuestMap | undefined {
    const groups = this.#groups();
    if (groups.length < 2) return undefined;
    const of = new Map<string, number>();
    for (const [guest, group] of groups.entries())
      for (const source of group)
        of.set(sourceKey(this.#sources[source].thread, this.#sources[source].origin), guest);
    return { of, names: groups.map((group, i) => this.#nameOf(group, i)) };
  }

  /** True where the lines of several guests are mixed and nothing in them tells whose each is. */
  isMixed(): boolean {
    if (this.#sources.length !== 1 || this.#sources[0].thread >= 0) return false;
    if (this.#count < ENOUGH_MARKS) return false;
    return this.#breaks([0]) > this.#count * MIXED_SHARE && this.#isTwoQueues();
  }

  #groups(): readonly (readonly number[])[] {
    let groups: (readonly number[])[] = this.#sources.map((_, i) => [i]);
    for (;;) {
      let best: { readonly a: number; readonly b: number; readonly gain: number } | undefined;
      for (let a = 0; a < groups.length; a++) {
        for (let b = a + 1; b < groups.length; b++) {
          const gain = this.#gain(groups[a], groups[b]);
          if (gain !== undefined && (best === undefined || gain > best.gain)) best = { a, b, gain };
        }
      }
      if (best === undefined) return groups;
      const { a, b } = best;
      const joined = [...groups[a], ...groups[b]];
      groups = [...groups.filter((_, i) => i !== a && i !== b), joined];
    }
  }

  /** How many steps back vanish when two groups are one guest; undefined where they can't be. */
  #gain(a: readonly number[], b: readonly number[]): number | undefined {
    const origins = (group: readonly number[]): ReadonlySet<string> =>
      new Set(group.map((source) => this.#sources[source].origin));
    const [ours, theirs] = [origins(a), origins(b)];
    const isNamed = !ours.has('') && !theirs.has('');
    if (isNamed && [...ours].every((origin) => !theirs.has(origin)) && this.#takeTurns(a, b))
      return undefined;
    const apart = this.#breaks(a) + this.#breaks(b);
    const together = this.#breaks([...a, ...b]);
    const fewer = Math.min(this.#marksOf(a), this.#marksOf(b));
    const most = apart + Math.max(FEW_BREAKS, fewer * FEW_SHARE);
    return together <= most ? apart - together : undefined;
  }

  /** Steps back of a queue that these sources work through together. */
  #breaks(group: readonly number[]): number {
    const isIn = new Set(group);
    let last = -1;
    let breaks = 0;
    for (let i = 0; i < this.#count; i++) {
      if (!isIn.has(this.#who[i])) continue;
      const position = this.#positions[i];
      if (last >= 0) {
        const ahead = (position - last + RING) % RING;
        const isSameQueue = Math.floor(position / RING) === Math.floor(last / RING);
        if (!isSameQueue || ahead === 0 || ahead >= RING / 2) breaks++;
      }
      last = position;
    }
    return breaks;
  }

  #marksOf(group: readonly number[]): number {
    const isIn = new Set(group);
    let marks = 0;
    for (let i = 0; i < this.#count; i++) if (isIn.has(this.#who[i])) marks++;
    return marks;
  }

  /** True where both were there at the same time: one does not simply follow the other. */
  #takeTurns(a: readonly number[], b: readonly number[]): boolean {
    const [isA, isB] = [new Set(a), new Set(b)];
    let turns = 0;
    let last = -1;
    for (let i = 0; i < this.#count; i++) {
      const who = isA.has(this.#who[i]) ? 0 : isB.has(this.#who[i]) ? 1 : -1;
      if (who < 0) continue;
      if (last >= 0 && who !== last) turns++;
      last = who;
    }
    return turns >= 2;
  }

  /** True where two queues, each going on from where it was, explain nearly all positions. */
  #isTwoQueues(): boolean {
    const ends = [-1, -1];
    const counts = [0, 0];
    let explained = 0;
    let turns = 0;
    let last = -1;
    for (let i = 0; i < this.#count; i++) {
      const position = this.#positions[i];
      const ahead = ends.map((end) =>
        end < 0 ? RING : (position - end + RING * 4) % RING || RING,
      );
      let queue = ahead[0] <= ahead[1] ? 0 : 1;
      if (ahead[queue] <= NEAR) explained++;
      else if (ends[1] < 0 && ends[0] >= 0) queue = 1;
      ends[queue] = position % RING;
      counts[queue]++;
      if (queue !== last) turns++;
      last = queue;
    }
    return (
      explained >= this.#count * 0.9 &&
      Math.min(...counts) >= this.#count * 0.1 &&
      turns >= this.#count * 0.1
    );
  }

  #nameOf(group: readonly number[], guest: number): string {
    const origin = group.map((source) => this.#sources[source].origin).find((one) => one !== '');
    if (origin !== undefined) return origin;
    const threads = group.map((source) => this.#sources[source].thread);
    return `guest ${guest + 1} (thread${threads.length === 1 ? '' : 's'} ${threads.join(', ')})`;
  }

  #grow(): void {
    const [who, positions] = [this.#who, this.#positions];
    this.#who = new Uint8Array(who.length * 2);
    this.#who.set(who);
    this.#positions = new Int32Array(who.length * 2);
    this.#positions.set(positions);
  }
}
