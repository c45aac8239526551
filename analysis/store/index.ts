// Opens the store that the flags and the environment name, its tables up to date.

import { openEmbedded, requireEmbedded } from './embedded.ts';
import { migrate } from './migrate.ts';
import { openServer, requireServer } from './server.ts';
import type { StorePlace } from './store-flags.ts';
import type { Store } from './store.ts';

export { addStoreFlags, storePlace, type StoreFlags, type StorePlace } from './store-flags.ts';
export type { Query, Store } from './store.ts';

export const IN_MEMORY: StorePlace = { kind: 'embedded', folder: undefined };

/** Throws where the store cannot be opened: asked before long work. Opens no engine. */
export async function requireStore(place: StorePlace): Promise<void> {
  if (place.kind === 'embedded') requireEmbedded(place.folder);
  else await requireServer(place.server);
}

export async function openStore(place: StorePlace): Promise<Store> {
  const store =
    place.kind === 'embedded' ? await openEmbedded(place.folder) : openServer(place.server);
  try {
    await migrate(store);
    return store;
  } catch (error) {
    await store.close();
    throw error;
  }
}
