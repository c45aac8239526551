import { type ResultHeader } from '../../replayer/result/header.ts';
import type { Store } from './store.ts';
export type Loaded =
  | {
      readonly kind: 'result';
      readonly path: string;
      readonly header: ResultHeader;
      readonly known: boolean;
    }
  | {
      readonly kind: 'trace';
      readonly path: string;
      readonly digest: string;
      readonly known: boolean;
    };
/** Loads a recording or a result, whichever `path` is. Throws ToolError. */
export declare function loadFile(store: Store, path: string): Promise<Loaded>;
