// The shells that completion is written for. A new one is one file and one line here.

import { registry, type Named, type VerbEntry } from '../base/index.ts';
import { bashCompletion } from './bash.ts';
import { fishCompletion } from './fish.ts';
import { zshCompletion } from './zsh.ts';

interface Shell extends Named {
  readonly script: (verbs: readonly VerbEntry[]) => string;
}

export const shells = registry<Shell>('shell', [
  { name: 'bash', summary: 'eval "$(iotlb completion bash)"', script: bashCompletion },
  { name: 'zsh', summary: 'eval "$(iotlb completion zsh)"', script: zshCompletion },
  { name: 'fish', summary: 'iotlb completion fish | source', script: fishCompletion },
]);
