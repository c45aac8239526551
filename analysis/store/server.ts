// A ClickHouse server or cluster over HTTP.

import { createReadStream } from 'node:fs';

import { createClient } from '@clickhouse/client';

import { CLIENT_OPTIONS, clientStore } from './client-store.ts';
import type { Store } from './store.ts';

/** `url` as the client takes it: http://user:password@host:8123/database. */
export function openServer(url: string): Store {
  const client = createClient({ url, ...CLIENT_OPTIONS });
  return clientStore(
    client,
    `ClickHouse at ${withoutSecrets(url)}`,
    async ({ sql, structure, path, parameters }) => {
      const query = `${sql.replace('{rows}', `input('${structure}')`)} FORMAT Arrow`;
      const result = await client.exec({
        query,
        values: createReadStream(path),
        query_params: { ...parameters },
      });
      result.stream.destroy();
    },
  );
}

function withoutSecrets(url: string): string {
  try {
    const { protocol, host, pathname } = new URL(url);
    return `${protocol}//${host}${pathname}`;
  } catch {
    return 'the given address';
  }
}
