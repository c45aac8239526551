// A Store over @clickhouse/client, whichever connection the client has. The one place that sets how
// 64-bit integers cross: as JSON numbers where exact, so that rows are plain numbers (below 2^53).
import { ToolError } from '../../collector/base/index.js';
/** Settings of every client that we make. 0: our 64-bit values are counts and ns below 2^53. */
export const CLIENT_SETTINGS = { output_format_json_quote_64bit_integers: 0 };
export function clientStore(client, description, insertArrow) {
  const told = async (what, work) => {
    try {
      return await work;
    } catch (error) {
      throw new ToolError('E_STORE', `${description}: ${what} failed: ${firstLine(error)}`, {
        cause: error,
      });
    }
  };
  return {
    description,
    command: async (sql, parameters = {}) => {
      await told('a statement', client.command({ query: sql, query_params: { ...parameters } }));
    },
    rows: (query, parameters = {}) =>
      told(
        'a query',
        client
          .query({ query: query.sql, format: 'JSONEachRow', query_params: { ...parameters } })
          .then((result) => result.json()),
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
function firstLine(error) {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0];
}
//# sourceMappingURL=client-store.js.map
