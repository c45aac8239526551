// A Store over @clickhouse/client, whichever connection the client has. The one place that sets how
// 64-bit integers cross: as JSON numbers where exact, so that rows are plain numbers (below 2^53).

import { ClickHouseLogLevel, type ClickHouseClient } from '@clickhouse/client';

import { ToolError } from '../../collector/base/index.ts';
import type { ArrowInsert, Query, SqlParameters, Store } from './store.ts';

/** Options of every client that we make. 0: our 64-bit values are counts and ns below 2^53. */
export const CLIENT_OPTIONS = {
  clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  // Errors reach the user once, as ours.
  log: { level: ClickHouseLogLevel.OFF },
} as const;

export type InsertArrow = (insert: ArrowInsert) => Promise<void>;

export function clientStore(
  client: ClickHouseClient,
  description: string,
  insertArrow: InsertArrow,
  secrets: readonly string[] = [],
): Store {
  const told = async <T>(what: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw new ToolError(
        'E_STORE',
        `${description}: ${what} failed: ${hidden(firstLine(error), secrets)}`,
      );
    }
  };
  return {
    description,
    command: async (sql, parameters = {}) => {
      await told('a statement', client.command({ query: sql, query_params: { ...parameters } }));
    },
    rows: <Row>(query: Query<Row>, parameters: SqlParameters = {}) =>
      told(
        'a query',
        client
          .query({ query: query.sql, format: 'JSONEachRow', query_params: { ...parameters } })
          .then((result) => result.json<Row>()),
      ),
    insertRows: async (table, rows) => {
      await told(
        `writing to ${table}`,
        client.insert({ table, values: [...rows], format: 'JSONEachRow' }),
      );
    },
    insertArrow: (insert) => told(`loading ${insert.path}`, insertArrow(insert)),
    close: () => client.close(),
  };
}

/** A server may repeat in an error what it was sent. */
function hidden(text: string, secrets: readonly string[]): string {
  return secrets
    .flatMap((secret) => [secret, encodeURIComponent(secret)])
    .reduce((left, secret) => left.replaceAll(secret, '…'), text);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
