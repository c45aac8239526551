// A process to be tapped: waits for a line on stdin, then issues plans through the null issuer, each step once
// and in order. `iotlb replay` does the same after warming up, which with large steps is gigabytes of entries.
// Arguments: RECORDING, then `STRATEGY DIALECT` as often as wanted.

import { readSync } from 'node:fs';

import { openTrace } from '../../collector/format/index.ts';
import { dialects } from '../../replayer/dialects/index.ts';
import { nullIssuer } from '../../replayer/issuers/null.ts';
import { ioctl } from '../../replayer/calls/native.ts';
import { planTrace } from '../../replayer/planner/index.ts';
import { parseChain } from '../../replayer/strategies/chain.ts';

const [recording, ...pairs] = process.argv.slice(2);

readSync(0, Buffer.alloc(1));
for (let i = 0; i < pairs.length; i += 2) issue(pairs[i], dialects.get(pairs[i + 1]));

function issue(strategy: string, dialect: Parameters<typeof nullIssuer.open>[0]): void {
  using reader = openTrace(recording);
  const plan = planTrace(reader.batches(), parseChain(strategy), dialect);
  const session = nullIssuer.open(dialect, { device: undefined });
  for (const { steps } of plan.streams) {
    const { calls, fd, request, argument } = session.prepare(steps, dialect);
    for (let call = 0; call < calls; call++) ioctl(fd, request[call], argument[call]);
  }
  session.close();
}
