// ClickHouse inside this process (chdb), through the same client as a server. The package is optional:
// recording hosts leave its half gigabyte out, and are told what to install when they need it.

import { resolve } from 'node:path';

import { createClient } from '@clickhouse/client';

import { ToolError } from '../../collector/base/index.ts';
import { CLIENT_OPTIONS, clientStore } from './client-store.ts';
import type { Store } from './store.ts';

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;
type Connection = NonNullable<ClientOptions['connection']>;

/** Opens an engine on `folder`, or in memory. One data folder per process. Throws ToolError. */
export async function openEmbedded(folder?: string): Promise<Store> {
  const connection = await connect(folder === undefined ? ':memory:' : resolve(folder));
  const client = createClient({ connection, ...CLIENT_OPTIONS });
  const where =
    folder === undefined ? 'embedded ClickHouse, in memory' : `embedded ClickHouse in ${folder}`;
  return clientStore(client, where, async ({ sql, path, parameters }) => {
    const query = sql.replace('{rows}', "file({path:String}, 'Arrow')");
    await client.command({ query, query_params: { ...parameters, path: resolve(path) } });
  });
}

async function connect(path: string): Promise<Connection> {
  try {
    const { createChdbConnection } = await import('chdb/connection');
    // The package declares the client's interface from its own copy of the types: same shape, two names.
    return createChdbConnection({ path }) as unknown as Connection;
  } catch (error) {
    throw new ToolError(
      'E_MISSING_PACKAGE',
      'the embedded ClickHouse engine (chdb) cannot be used here; nothing was loaded',
      {
        cause: error,
        hint: 'install it with: npm install chdb@3.4.0 (glibc Linux or macOS), or use a server with --url',
      },
    );
  }
}
