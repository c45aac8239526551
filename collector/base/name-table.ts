// Looks ASCII names up in a buffer without making strings of them: hash, then compare.
// For the few dozen names of a text format; a clash of hashes fails at start-up.

import { ascii } from './text-cursor.ts';

interface Entry<T> {
  readonly name: Uint8Array;
  readonly value: T;
}

export class NameTable<T> {
  /** Where the word that `findWord` looked at ended. */
  wordEnd = 0;
  readonly #entries = new Map<number, Entry<T>>();

  constructor(entries: Iterable<readonly [string, T]>) {
    for (const [name, value] of entries) {
      if (!this.add(ascii(name), value))
        throw new Error(`name '${name}' is there twice, or its hash is`);
    }
  }

  /** Adds a name that is kept as it is. False, and nothing added, where it or its hash is there. */
  add(name: Uint8Array, value: T): boolean {
    const hash = hashBytes(name, 0, name.length);
    if (this.#entries.has(hash)) return false;
    this.#entries.set(hash, { name, value });
    return true;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value of the name `bytes[start … end)`. */
  find(bytes: Uint8Array, start: number, end: number): T | undefined {
    return this.#compare(hashBytes(bytes, start, end), bytes, start, end);
  }

  /** The value of the word that starts at `start` and runs up to `stop`, or to `end` without one. */
  findWord(bytes: Uint8Array, start: number, end: number, stop: number): T | undefined {
    let hash = 0;
    let at = start;
    for (; at < end; at++) {
      const code = bytes[at];
      if (code === stop) break;
      hash = (Math.imul(hash, 31) + code) | 0;
    }
    this.wordEnd = at;
    return this.#compare(hash, bytes, start, at);
  }

  #compare(hash: number, bytes: Uint8Array, start: number, end: number): T | undefined {
    const entry = this.#entries.get(hash);
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
