// Calls from the moment they are formed until they have completed: which waits for which server, and what
// of a stream is still outstanding. Columns by call number; a number is used again once its call is done
// and nothing before it in its stream is outstanding.

function grown<T extends Int32Array | Float64Array | Uint8Array>(old: T, fresh: T): T {
  fresh.set(old);
  return fresh;
}

export class Calls {
  stream = new Int32Array(16);
  target = new Int32Array(16);
  /** The waiter in whose thread it runs; -1 where a worker makes it. */
  waiter = new Int32Array(16);
  entries = new Int32Array(16);
  commands = new Int32Array(16);
  /** Place of its first entry in the arrivals of its stream. */
  firstOrder = new Float64Array(16);
  #isDone = new Uint8Array(16);
  #nextOfServer = new Int32Array(16).fill(-1);
  #nextOfStream = new Int32Array(16).fill(-1);
  #unused = -1;
  #used = 0;
  /** By server: the call that runs, and those that wait. */
  readonly running: Int32Array;
  readonly #firstOfServer: Int32Array;
  readonly #lastOfServer: Int32Array;
  readonly #firstOfStream: Int32Array;
  readonly #lastOfStream: Int32Array;

  constructor(servers: number, streams: number) {
    this.running = new Int32Array(servers).fill(-1);
    this.#firstOfServer = new Int32Array(servers).fill(-1);
    this.#lastOfServer = new Int32Array(servers).fill(-1);
    this.#firstOfStream = new Int32Array(streams).fill(-1);
    this.#lastOfStream = new Int32Array(streams).fill(-1);
  }

  /** A call of no entries yet, last of its stream and in line for `server`. */
  form(server: number, stream: number, target: number, waiter: number, firstOrder: number): number {
    const call = this.#take();
    this.stream[call] = stream;
    this.target[call] = target;
    this.waiter[call] = waiter;
    this.firstOrder[call] = firstOrder;
    this.entries[call] = 0;
    this.commands[call] = 0;
    this.#isDone[call] = 0;
    this.#nextOfServer[call] = -1;
    this.#nextOfStream[call] = -1;
    if (this.#firstOfServer[server] < 0) this.#firstOfServer[server] = call;
    else this.#nextOfServer[this.#lastOfServer[server]] = call;
    this.#lastOfServer[server] = call;
    if (this.#firstOfStream[stream] < 0) this.#firstOfStream[stream] = call;
    else this.#nextOfStream[this.#lastOfStream[stream]] = call;
    this.#lastOfStream[stream] = call;
    return call;
  }

  isIdle(server: number): boolean {
    return this.running[server] < 0 && this.#firstOfServer[server] < 0;
  }

  /** The next call of `server`, which now runs; -1 where it is busy or none waits. */
  start(server: number): number {
    if (this.running[server] >= 0) return -1;
    const call = this.#firstOfServer[server];
    if (call < 0) return -1;
    this.#firstOfServer[server] = this.#nextOfServer[call];
    this.running[server] = call;
    return call;
  }

  /** The running call of `server` has returned. Its columns hold until `settle`. */
  complete(server: number): number {
    const call = this.running[server];
    this.running[server] = -1;
    this.#isDone[call] = 1;
    return call;
  }

  /** Gives the numbers of calls back that nothing of their stream is outstanding before. */
  settle(stream: number): void {
    let call = this.#firstOfStream[stream];
    while (call >= 0 && this.#isDone[call] === 1) {
      const next = this.#nextOfStream[call];
      this.#nextOfStream[call] = this.#unused;
      this.#unused = call;
      call = next;
    }
    this.#firstOfStream[stream] = call;
  }

  /** Place of the first entry of `stream` that a formed call has not completed, `without` one call; Infinity where none is. */
  firstOutstanding(stream: number, without = -1): number {
    let call = this.#firstOfStream[stream];
    while (call >= 0 && (this.#isDone[call] === 1 || call === without))
      call = this.#nextOfStream[call];
    return call < 0 ? Number.POSITIVE_INFINITY : this.firstOrder[call];
  }

  #take(): number {
    const call = this.#unused;
    if (call >= 0) {
      this.#unused = this.#nextOfStream[call];
      return call;
    }
    if (this.#used === this.stream.length) this.#grow(2 * this.#used);
    return this.#used++;
  }

  #grow(room: number): void {
    this.stream = grown(this.stream, new Int32Array(room));
    this.target = grown(this.target, new Int32Array(room));
    this.waiter = grown(this.waiter, new Int32Array(room));
    this.entries = grown(this.entries, new Int32Array(room));
    this.commands = grown(this.commands, new Int32Array(room));
    this.firstOrder = grown(this.firstOrder, new Float64Array(room));
    this.#isDone = grown(this.#isDone, new Uint8Array(room));
    this.#nextOfServer = grown(this.#nextOfServer, new Int32Array(room));
    this.#nextOfStream = grown(this.#nextOfStream, new Int32Array(room));
  }
}
