import type { Store } from './store.ts';
export type { Query, Store } from './store.ts';
export interface StoreOptions {
  /** Folder of the embedded engine; undefined for one in memory. */
  readonly folder: string | undefined;
  /** Address of a server instead. */
  readonly url: string | undefined;
}
export declare function openStore(options: StoreOptions): Promise<Store>;
