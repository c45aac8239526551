// Barriers that no step holds back, until time in the plan reaches them: a small queue by capture time.
// Strategies name them in order, so putting one in its place is a step or two.

const COMPACT_AT = 1024;

export class FreeBarriers {
  readonly #seq: number[] = [];
  readonly #tNs: number[] = [];
  #head = 0;

  get length(): number {
    return this.#seq.length - this.#head;
  }

  push(seq: number, tNs: number): void {
    let at = this.#seq.length;
    if (at === this.#head || !this.#after(at - 1, seq, tNs)) {
      this.#seq.push(seq);
      this.#tNs.push(tNs);
      return;
    }
    while (at > this.#head && this.#after(at - 1, seq, tNs)) at--;
    this.#seq.splice(at, 0, seq);
    this.#tNs.splice(at, 0, tNs);
  }

  /** Time of the next; infinite where there is none. */
  get nextNs(): number {
    return this.#head < this.#tNs.length ? this.#tNs[this.#head] : Number.POSITIVE_INFINITY;
  }

  /** Takes the next out. Returns its sequence number. */
  take(): number {
    const seq = this.#seq[this.#head++];
    if (this.#head >= COMPACT_AT) {
      this.#seq.splice(0, this.#head);
      this.#tNs.splice(0, this.#head);
      this.#head = 0;
    }
    return seq;
  }

  #after(at: number, seq: number, tNs: number): boolean {
    return this.#tNs[at] > tNs || (this.#tNs[at] === tNs && this.#seq[at] > seq);
  }
}
