// Brings a store's tables up to date: numbered SQL files, run once each, in order, never edited after
// release.

import { readFileSync, readdirSync } from 'node:fs';

import { ADD_EVENT_COLUMNS } from './event-columns.ts';
import type { Query, Store } from './store.ts';

const SQL_FOLDER = new URL('../../../analysis/sql/', import.meta.url);

const CREATE_MIGRATIONS = `
CREATE TABLE IF NOT EXISTS migrations (number UInt32, name String, applied_at DateTime64(3) DEFAULT now64(3))
ENGINE = MergeTree ORDER BY number`;

const APPLIED: Query<{ readonly number: number }> = { sql: 'SELECT number FROM migrations' };

/** Runs what is missing; returns the names of what was run. */
export async function migrate(store: Store): Promise<readonly string[]> {
  await store.command(CREATE_MIGRATIONS);
  const applied = new Set((await store.rows(APPLIED)).map((row) => row.number));
  const files = readdirSync(SQL_FOLDER)
    .filter((name) => /^\d{3}-.*\.sql$/.test(name))
    .sort();
  const done: string[] = [];
  for (const name of files) {
    const number = Number(name.slice(0, 3));
    if (applied.has(number)) continue;
    await store.command(readFileSync(new URL(name, SQL_FOLDER), 'utf8'));
    await store.insertRows('migrations', [{ number, name }]);
    done.push(name);
  }
  await store.command(ADD_EVENT_COLUMNS);
  return done;
}
