// A ClickHouse server or cluster over HTTP.

import { createReadStream } from 'node:fs';

import { createClient, type ClickHouseClient } from '@clickhouse/client';

import { ToolError } from '../../collector/base/index.ts';
import { CLIENT_OPTIONS, clientStore } from './client-store.ts';
import type { ServerAddress } from './store-flags.ts';
import type { Store } from './store.ts';

export function openServer(server: ServerAddress): Store {
  const client = connect(server);
  return clientStore(
    client,
    described(server),
    async ({ sql, structure, path, parameters }) => {
      const query = `${sql.replace('{rows}', `input('${structure}')`)} FORMAT Arrow`;
      const result = await client.exec({
        query,
        values: createReadStream(path),
        query_params: { ...parameters },
      });
      result.stream.destroy();
    },
    secretsOf(server),
  );
}

/** Throws where the server does not answer to a statement with these credentials. */
export async function requireServer(server: ServerAddress): Promise<void> {
  const store = openServer(server);
  try {
    await store.command('SELECT 1');
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new ToolError(error.code, `${error.message}; nothing was issued`, { cause: error });
  } finally {
    await store.close();
  }
}

function connect({ url, user, password }: ServerAddress): ClickHouseClient {
  return createClient({
    url,
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...CLIENT_OPTIONS,
  });
}

/** As they cross the wire: alone, and as the client sends them. */
function secretsOf({ user, password }: ServerAddress): readonly string[] {
  if (password === undefined) return [];
  return [Buffer.from(`${user ?? 'default'}:${password}`).toString('base64'), password];
}

function described({ url }: ServerAddress): string {
  const { protocol, host, pathname } = new URL(url);
  return `ClickHouse at ${protocol}//${host}${pathname}`;
}
