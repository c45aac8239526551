// ClickHouse inside this process (chdb), through the same client as a server. The package is optional:
// recording hosts leave its half gigabyte out, and are told what to install when they need it.

import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import { createClient } from '@clickhouse/client';

import { ToolError } from '../../collector/base/index.ts';
import { CLIENT_OPTIONS, clientStore } from './client-store.ts';
import type { Store } from './store.ts';
import { refuseStoreInUse } from './store-lock.ts';

type ClientOptions = NonNullable<Parameters<typeof createClient>[0]>;
type Connection = NonNullable<ClientOptions['connection']>;

const PACKAGE = 'chdb/connection';

/** Opens an engine on `folder`, or in memory. One data folder per process. Throws ToolError. */
export async function openEmbedded(folder?: string): Promise<Store> {
  const connection = await connect(folder);
  const client = createClient({ connection, ...CLIENT_OPTIONS });
  const where =
    folder === undefined ? 'embedded ClickHouse, in memory' : `embedded ClickHouse in ${folder}`;
  return clientStore(client, where, async ({ sql, path, parameters }) => {
    const query = sql.replace('{rows}', "file({path:String}, 'Arrow')");
    await client.command({ query, query_params: { ...parameters, path: resolve(path) } });
  });
}

/** Throws where the engine cannot be opened, without opening it: before long work, not after it. */
export function requireEmbedded(folder?: string): void {
  try {
    createRequire(import.meta.url).resolve(PACKAGE);
  } catch (error) {
    throw missing(error);
  }
  if (folder !== undefined) refuseStoreInUse(folder);
}

async function connect(folder: string | undefined): Promise<Connection> {
  const engine = await load();
  if (folder !== undefined) refuseStoreInUse(folder);
  try {
    const path = folder === undefined ? ':memory:' : resolve(folder);
    // The package declares the client's interface from its own copy of the types: same shape, two names.
    return engine.createChdbConnection({ path }) as unknown as Connection;
  } catch (error) {
    throw new ToolError(
      'E_STORE',
      `the embedded ClickHouse cannot open ${folder ?? 'a store in memory'}: ${error instanceof Error ? error.message : String(error)}; nothing was loaded`,
      { cause: error, hint: 'give a folder that it made, or one that does not exist yet' },
    );
  }
}

async function load(): Promise<typeof import('chdb/connection')> {
  try {
    return await import('chdb/connection');
  } catch (error) {
    throw missing(error);
  }
}

function missing(cause: unknown): ToolError {
  return new ToolError(
    'E_MISSING_PACKAGE',
    'the embedded ClickHouse engine (chdb) is not installed; nothing was loaded',
    {
      cause,
      hint: 'install it with: npm install chdb@3.4.0 (glibc Linux or macOS), or use a server with --url',
    },
  );
}
