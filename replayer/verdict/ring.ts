// Columns in rings: a row has a running number, and its slot is that number modulo the ring's size.

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;

/** Rows `head … tail - 1` are in the ring. */
export interface RingSpan {
  readonly head: number;
  readonly tail: number;
}

/** The rows of `span` in a column of another size, which is returned. Sizes are powers of two. */
export function movedRing<T extends Column>({ head, tail }: RingSpan, from: T, to: T): T {
  const fromMask = from.length - 1;
  const toMask = to.length - 1;
  for (let n = head; n < tail; n++) to[n & toMask] = from[n & fromMask];
  return to;
}
