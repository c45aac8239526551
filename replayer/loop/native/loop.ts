// The native issue loop: C beside this file, built beforehand, called once per run through koffi. It blocks
// the thread that calls it and touches nothing but the block it is given and the calls' own memory.

import { addressOf } from '../../calls/native.ts';
import type { IssueLoop } from '../issue-loop.ts';
import { openLibrary } from './library.ts';

/** Throws ToolError where this host can't load it. */
export function nativeLoop(): IssueLoop {
  const library = openLibrary();
  return {
    name: 'native',
    run(memory) {
      if (library.run(addressOf(memory.words)) !== 0)
        throw new Error('the native loop was given a block of another layout');
    },
  };
}
