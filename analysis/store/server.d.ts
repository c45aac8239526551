import type { Store } from './store.ts';
/** `url` as the client takes it: http://user:password@host:8123/database. */
export declare function openServer(url: string): Store;
