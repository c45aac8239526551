import type { Store } from './store.ts';
/** Runs what is missing; returns the names of what was run. */
export declare function migrate(store: Store): Promise<readonly string[]>;
