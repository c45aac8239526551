import type { Store } from './store.ts';
/** Opens an engine on `folder`, or in memory. One data folder per process. Throws ToolError. */
export declare function openEmbedded(folder?: string): Promise<Store>;
