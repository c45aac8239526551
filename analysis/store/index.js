// Opens the store that the flags ask for, its tables up to date.
import { openEmbedded } from './embedded.js';
import { migrate } from './migrate.js';
import { openServer } from './server.js';
export async function openStore(options) {
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
//# sourceMappingURL=index.js.map
