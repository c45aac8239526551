// The command table: verb -> module, loaded when used. Nothing else.

import type { Verb } from './collector/base/index.ts';

export const verbs: readonly Verb[] = [
  {
    name: 'record',
    summary: 'record a running guest or VMM until Ctrl-C',
    load: () => import('./collector/cli/record.ts'),
  },
  {
    name: 'mark',
    summary: 'put a named moment into the recordings that run',
    load: () => import('./collector/cli/mark.ts'),
  },
  {
    name: 'import',
    summary: 'turn a log or capture of another tool into a recording',
    load: () => import('./collector/cli/import.ts'),
  },
  {
    name: 'info',
    summary: 'show what a recording holds: rates, kinds, ranges, loss',
    load: () => import('./collector/cli/info.ts'),
  },
  {
    name: 'show',
    summary: 'print the rows of a recording as text or JSON lines',
    load: () => import('./collector/cli/show.ts'),
  },
  {
    name: 'cut',
    summary: 'write part of a recording: by time, VM, stream, waiter, domain or kind',
    load: () => import('./collector/cli/cut.ts'),
  },
  {
    name: 'generate',
    summary: 'make a recording of stated shape, or one like another but longer',
    load: () => import('./collector/cli/generate.ts'),
  },
  {
    name: 'merge',
    summary: 'put several recordings into one, as a host with many tenants sees them',
    load: () => import('./collector/cli/merge.ts'),
  },
  {
    name: 'scrub',
    summary: 'make a recording safe to send: permute addresses, renumber ids, remove names',
    load: () => import('./collector/cli/scrub.ts'),
  },
  {
    name: 'plan',
    summary: 'show what a strategy would issue for a recording, and whether it is safe',
    load: () => import('./replayer/cli/plan.ts'),
  },
  {
    name: 'replay',
    summary: 'issue a recording again under a strategy, with its timing',
    load: () => import('./replayer/cli/replay.ts'),
  },
  {
    name: 'model',
    summary: 'fit what an ioctl costs on this host, from replays',
    load: () => import('./replayer/cli/model.ts'),
  },
  {
    name: 'bench-host',
    summary: 'measure what a call costs while other streams make theirs',
    load: () => import('./replayer/cli/bench-host.ts'),
  },
  {
    name: 'doctor',
    summary: 'show what this host can replay on, and how exactly it keeps time',
    load: () => import('./replayer/cli/doctor.ts'),
  },
  {
    name: 'load',
    summary: 'load recordings and results into ClickHouse, embedded or a server',
    load: () => import('./analysis/cli/load.ts'),
  },
  {
    name: 'compare',
    summary: 'replay a recording under several strategies and say which costs least',
    load: () => import('./analysis/cli/compare.ts'),
  },
  {
    name: 'diff',
    summary: 'compare two replays of one recording, request by request',
    load: () => import('./analysis/cli/diff.ts'),
  },
  {
    name: 'report',
    summary: 'write a comparison as one HTML page',
    load: () => import('./web/node/report.ts'),
  },
  {
    name: 'demo',
    summary: 'the whole path on the recording that ships with iotlb: replay, compare, report',
    load: () => import('./web/node/demo.ts'),
  },
  {
    name: 'completion',
    summary: 'print a script that completes commands and options in a shell',
    readsTable: true,
    load: () => import('./collector/cli/completion.ts'),
  },
];
