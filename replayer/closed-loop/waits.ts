// Barriers that have arrived and are not released, by stream, in order of arrival: rings of columns.

interface Ring {
  head: number;
  length: number;
  /** Guest CPUs among them that are known. */
  known: number;
  /** Entries of the stream that it waits for: those that arrived before this many had. */
  before: Float64Array;
  row: Float64Array;
  /** -1 for a CPU that nobody knows. */
  waiter: Int32Array;
  bellNs: Float64Array;
}

const FIRST_ROOM = 8;

export class Waits {
  readonly #rings: readonly Ring[];
  readonly #bellNs: Float64Array;

  /** `bellNs` says of each waiter when its last doorbell rang. */
  constructor(streams: number, bellNs: Float64Array) {
    this.#bellNs = bellNs;
    this.#rings = Array.from({ length: streams }, () => ({
      head: 0,
      length: 0,
      known: 0,
      before: new Float64Array(FIRST_ROOM),
      row: new Float64Array(FIRST_ROOM),
      waiter: new Int32Array(FIRST_ROOM),
      bellNs: new Float64Array(FIRST_ROOM),
    }));
  }

  length(stream: number): number {
    return this.#rings[stream].length;
  }

  /** A barrier arrives with the doorbell of `carrier`, who waits for it itself or lets an unknown CPU wait. */
  add(stream: number, carrier: number, isOwn: boolean, before: number, row: number): void {
    const ring = this.#rings[stream];
    if (ring.length === ring.row.length) grow(ring);
    const at = (ring.head + ring.length++) & (ring.row.length - 1);
    ring.before[at] = before;
    ring.row[at] = row;
    ring.waiter[at] = isOwn ? carrier : -1;
    ring.bellNs[at] = this.#bellNs[carrier];
    if (isOwn) ring.known++;
  }

  /** The last `count` barriers wait for all entries before the one of this place. */
  raise(stream: number, count: number, before: number): void {
    const ring = this.#rings[stream];
    for (let i = ring.length - count; i < ring.length; i++)
      ring.before[(ring.head + i) & (ring.row.length - 1)] = before;
  }

  /** Of the first barrier in line. */
  before(stream: number): number {
    const ring = this.#rings[stream];
    return ring.before[ring.head];
  }

  row(stream: number): number {
    const ring = this.#rings[stream];
    return ring.row[ring.head];
  }

  waiter(stream: number): number {
    const ring = this.#rings[stream];
    return ring.waiter[ring.head];
  }

  bellNs(stream: number): number {
    const ring = this.#rings[stream];
    return ring.bellNs[ring.head];
  }

  /** The first barrier in line goes. */
  drop(stream: number): void {
    const ring = this.#rings[stream];
    if (ring.waiter[ring.head] >= 0) ring.known--;
    ring.head = (ring.head + 1) & (ring.row.length - 1);
    ring.length--;
  }

  /** Known CPUs that stand here, less one where any goes once the entries before `undone` are done. */
  standing(stream: number, undone: number): number {
    const ring = this.#rings[stream];
    for (let i = 0; i < ring.length; i++) {
      const at = (ring.head + i) & (ring.row.length - 1);
      if (ring.before[at] > undone) break;
      if (ring.waiter[at] >= 0) return ring.known - 1;
    }
    return ring.known;
  }
}

function grow(ring: Ring): void {
  const room = 2 * ring.row.length;
  const turned = <T extends Float64Array | Int32Array>(old: T, fresh: T): T => {
    fresh.set(old.subarray(ring.head));
    fresh.set(old.subarray(0, ring.head), old.length - ring.head);
    return fresh;
  };
  ring.before = turned(ring.before, new Float64Array(room));
  ring.row = turned(ring.row, new Float64Array(room));
  ring.waiter = turned(ring.waiter, new Int32Array(room));
  ring.bellNs = turned(ring.bellNs, new Float64Array(room));
  ring.head = 0;
}
