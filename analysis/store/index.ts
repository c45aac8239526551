// Opens the store that the flags ask for, its tables up to date.

import { openEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openServer } from './server.ts';
import type { Store } from './store.ts';

export type { Query, Store } from './store.ts';

export interface StoreOptions {
  /** Folder of the embedded engine; undefined for one in memory. */
  readonly folder: string | undefined;
  /** Address of a server instead. */
  readonly url: string | undefined;
}

export async function openStore(options: StoreOptions): Promise<Store> {
  const store =
    options.url === undefined ? await openEmbedded(options.folder) : openServer(options.url);
  try {
    await migrate(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
