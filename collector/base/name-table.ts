// Looks ASCII names up in a buffer without making strings of them: hash, then compare.
// For the few dozen names of a text format; a clash of hashes fails at start-up.

import { ascii } from './text-cursor.ts';

interface Entry<T> {
  readonly name: Uint8Array;
  readonly value: T;
}

export class NameTable<T> {
  readonly #entries = new Map<number, Entry<T>>();

  constructor(entries: Iterable<readonly [string, T]>) {
    for (const [name, value] of entries) {
      const bytes = ascii(name);
      const hash = hashBytes(bytes, 0, bytes.length);
      if (this.#entries.has(hash)) throw new Error(`name '${name}' is there twice, or its hash is`);
      this.#entries.set(hash, { name: bytes, value });
    }
  }

  /** The value of the name `bytes[start … end)`. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    const entry = this.#entries.get(hashBytes(bytes, start, end));
    if (entry === undefined || entry.name.length !== end - start) return undefined;
    const { name } = entry;
    for (let i = 0; i < name.length; i++) if (bytes[start + i] !== name[i]) return undefined;
    return entry.value;
  }
}

function hashBytes(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let i = start; i < end; i++) hash = (Math.imul(hash, 31) + bytes[i]) | 0;
  return hash;
}
