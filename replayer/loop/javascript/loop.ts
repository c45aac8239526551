// The issue loop in plain JavaScript: slow and obvious, what the native one is compared with. It makes the same
// calls in the same groups with the same errors, but sleeps until a step is due and no less, so that it is as
// late as the host wakes it.

import { cutDue } from '../../steps/cut-due.ts';
import type { IssueLoop } from '../issue-loop.ts';
import type { LaneMemory, LoopOutput } from '../lane-memory.ts';
import { machineOf, type Machine } from './machine.ts';
import { StreamCursor } from './stream-cursor.ts';
import { waitUntil } from './wait.ts';

export const javascriptLoop: IssueLoop = {
  name: 'javascript',
  run(memory, programs) {
    const machine = machineOf(memory);
    const streams = memory.streams.map(
      (_, i) => new StreamCursor(memory, i, programs[i] ?? new Uint32Array(0)),
    );
    const stopsOnError = memory.lane.get('stop_on_error') !== 0;
    let nowNs = machine.now();
    let freeNs = 0;
    for (;;) {
      const stream = dueFirst(streams);
      if (stream === undefined) return;
      const reached = waitUntil(machine, memory, stream.dueNs, nowNs);
      if (reached === undefined) return;
      const { error, completedNs } = issue(machine, memory, stream, reached, freeNs);
      nowNs = freeNs = completedNs;
      if (error !== 0 && stopsOnError) return;
    }
  },
};

function dueFirst(streams: readonly StreamCursor[]): StreamCursor | undefined {
  let first: StreamCursor | undefined;
  for (const stream of streams)
    if (!stream.isThrough && (first === undefined || stream.dueNs < first.dueNs)) first = stream;
  return first;
}

function issue(
  machine: Machine,
  memory: LaneMemory,
  stream: StreamCursor,
  nowNs: number,
  freeNs: number,
): { readonly error: number; readonly completedNs: number } {
  const { output, row } = stream;
  const last = stream.groupEnd(nowNs, cutDue) - 1;
  output.dueNs[row] = stream.dueNs;
  output.freeNs[row] = freeNs;
  output.issuedNs[row] = nowNs;
  const error = makeCalls(machine, stream, output, row, stream.callEnd(last));
  const completedNs = machine.now();
  output.completedNs[row] = completedNs;
  output.firstStep[row] = stream.step;
  output.lastStep[row] = last;
  output.steps[row] = last + 1 - stream.step;
  Atomics.add(memory.words, memory.lane.wordOf('steps_done'), last + 1 - stream.step);
  stream.advance(last);
  return { error, completedNs };
}

/** Makes the calls; neighbours with one target and commands side by side in memory become one call. */
function makeCalls(
  machine: Machine,
  stream: StreamCursor,
  output: LoopOutput,
  row: number,
  callEnd: number,
): number {
  const { fd, request, argument, commands, doneWord, joinable, words } = stream;
  let error = 0;
  let calls = 0;
  let asked = 0;
  let reported = 0;
  for (let call = stream.call; call < callEnd;) {
    let count = commands[call];
    let next = call + 1;
    while (next < callEnd && joinable[next] === 1) count += commands[next++];
    const word = doneWord[call];
    const isCounted = word < words.length; // NO_WORD: this call reports no count
    if (isCounted) words[word] = count;
    const failed = machine.call(fd, request[call], Number(argument[call]));
    if (error === 0) error = failed;
    if (isCounted) reported += words[word];
    else if (failed === 0) reported += count;
    asked += count;
    calls++;
    call = next;
  }
  output.calls[row] = calls;
  output.entries[row] = asked;
  output.reported[row] = reported;
  output.errno[row] = error;
  return error;
}
