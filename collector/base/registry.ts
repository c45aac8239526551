// A seam: named entries of one kind. Help, completion, contract tests and look-ups all walk these.
// Shared code never branches on an entry's name; it reads what the entry declares.

import { ToolError } from './errors.ts';

export interface Named {
  readonly name: string;
  readonly summary: string;
}

export interface Registry<T extends Named> {
  /** What an entry is called: 'strategy', 'dialect'. */
  readonly noun: string;
  readonly entries: readonly T[];
  readonly names: readonly string[];
  find(name: string): T | undefined;
  /** The entry, or an error that lists the known names. */
  get(name: string): T;
}

/** Builds a registry; a duplicate name fails at start-up. */
export function registry<T extends Named>(noun: string, entries: readonly T[]): Registry<T> {
  const byName = new Map<string, T>();
  for (const entry of entries) {
    if (byName.has(entry.name)) throw new Error(`two ${noun} entries are named '${entry.name}'`);
    byName.set(entry.name, entry);
  }
  const names = [...byName.keys()];
  return {
    noun,
    entries,
    names,
    find: (name) => byName.get(name),
    get(name) {
      const entry = byName.get(name);
      if (entry === undefined) {
        throw new ToolError('E_UNKNOWN_NAME', `unknown ${noun} '${name}'`, {
          hint: `known: ${names.join(' ')}`,
        });
      }
      return entry;
    },
  };
}
