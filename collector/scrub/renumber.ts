// Renumbers identifiers in the order of their first appearance, from 1. Zero stays: PASID 0 stands for
// requests without a PASID, and a renumbered recording must not lose that.

export class Renumber {
  readonly #numbers = new Map<number, number>([[0, 0]]);

  map(value: number): number {
    const known = this.#numbers.get(value);
    if (known !== undefined) return known;
    const fresh = this.#numbers.size;
    this.#numbers.set(value, fresh);
    return fresh;
  }

  /** Distinct values seen, zero not counted. */
  get count(): number {
    return this.#numbers.size - 1;
  }
}
