import type { ClickHouseClient } from '@clickhouse/client';
import type { ArrowInsert, Store } from './store.ts';
/** Settings of every client that we make. 0: our 64-bit values are counts and ns below 2^53. */
export declare const CLIENT_SETTINGS: {
  readonly output_format_json_quote_64bit_integers: 0;
};
export type InsertArrow = (insert: ArrowInsert) => Promise<void>;
export declare function clientStore(
  client: ClickHouseClient,
  description: string,
  insertArrow: InsertArrow,
): Store;
