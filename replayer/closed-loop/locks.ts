// The locks of the guest's driver: who holds each, who stands in line. First come, first served.

export class Locks {
  /** By lock: the waiter that holds it; -1 where nobody does. */
  readonly #owner: Int32Array;
  /** By lock: first and last waiter in line; by waiter: the next in its line. -1 for none. */
  readonly #first: Int32Array;
  readonly #last: Int32Array;
  readonly #next: Int32Array;

  constructor(locks: number, waiters: number) {
    this.#owner = new Int32Array(locks).fill(-1);
    this.#first = new Int32Array(locks).fill(-1);
    this.#last = new Int32Array(locks).fill(-1);
    this.#next = new Int32Array(waiters).fill(-1);
  }

  /** True where `waiter` now holds `lock`; otherwise it stands in line. */
  take(lock: number, waiter: number): boolean {
    const owner = this.#owner[lock];
    if (owner < 0 || owner === waiter) {
      this.#owner[lock] = waiter;
      return true;
    }
    if (this.#first[lock] < 0) this.#first[lock] = waiter;
    else this.#next[this.#last[lock]] = waiter;
    this.#last[lock] = waiter;
    return false;
  }

  /** Hands `lock` to the first in line, who is returned; -1 where nobody waits. */
  give(lock: number): number {
    const heir = this.#first[lock];
    this.#owner[lock] = heir;
    if (heir < 0) return -1;
    this.#first[lock] = this.#next[heir];
    this.#next[heir] = -1;
    return heir;
  }
}
