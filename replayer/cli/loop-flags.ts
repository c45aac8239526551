// The flags of the closed loop, for every verb that simulates one.

import type { Command } from 'commander';

import { DEFAULT_SERVICE } from '../simulation/service.ts';

export function addLoopFlags(command: Command): Command {
  return command
    .option(
      '--service <time>',
      "what a call takes: 1us, 300ns+40ns/entry, or a file of 'iotlb model'",
      DEFAULT_SERVICE,
    )
    .option('--exit <time>', 'what a doorbell costs before its rows reach the VMM')
    .option('--poll <time>', 'what each waiting guest CPU adds to a call outside a doorbell (VT-d)')
    .option(
      '--serial <what>',
      'what the guest driver locks while it waits: cpu (nothing), domain or device; by IOMMU where not given',
    )
    .option('--servers <one-per>', 'who makes calls one after the other: vm, stream or waiter')
    .option(
      '--stream-waiters <n>',
      'waiters that each stream counts as, where the recording does not say who waits',
    )
    .option('--open-loop', 'plan on recorded times, as if waiting guests went on asking', false);
}
