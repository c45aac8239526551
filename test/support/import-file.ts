// Imports a log or capture as `iotlb import` would, without interrupt or progress.

import { importTrace } from '../../collector/sources/import.ts';

/** Writes the recording `to` from the input `from`, whose source is told from its content. */
export async function importFile(from: string, to: string): Promise<string> {
  await importTrace(from, to, {
    source: undefined,
    salvage: false,
    commandLine: '',
    interrupt: {
      requested: false,
      signal: new AbortController().signal,
      [Symbol.dispose]: () => undefined,
    },
    progress: () => ({ update: () => undefined, stop: () => undefined }),
  });
  return to;
}
