// The kernel's own widening, apart from any replay: entries of every shape through the real ioctl, and
// exactly what the rules say on the emulated hardware.

import { compareRows, differenceText, type HardwareRow } from '../circle.ts';
import { parseAnswer, runInGuest } from '../guest-program.ts';
import { importRows, readStretches } from '../qemu-log.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';
import type { MachineName } from '../machine.ts';

export interface Rules {
  readonly machine: MachineName;
  readonly program: string;
  readonly calls: readonly Uint8Array[];
  readonly entryBytes: number;
  readonly rows: (entries: Uint8Array) => readonly HardwareRow[];
}

/** The guest's program marks 1 before the calls and 2 after them. */
const CALLS_MARK = 1;

export async function rulesPart(context: ScenarioContext, rules: Rules): Promise<Part> {
  const result = await runInGuest(context, {
    machine: rules.machine,
    program: rules.program,
    name: 'rules',
  });
  const answers = parseAnswer(result) as readonly { errno: string; done: number }[]; // printed by the program
  const complaints = answers.flatMap(({ errno, done }, index) => {
    const asked = rules.calls[index].length / rules.entryBytes;
    return errno === 'ok' && done === asked
      ? []
      : [`call ${index}: ${errno}, ${done} of ${asked} entries done`];
  });
  const seen = importRows(readStretches(result.log).get(CALLS_MARK) ?? '');
  const expected = rules.calls.flatMap((call) => [...rules.rows(call)]);
  const { difference } = compareRows(expected, seen);
  if (difference !== undefined) complaints.push(differenceText(difference));
  const asked = rules.calls.reduce((sum, call) => sum + call.length / rules.entryBytes, 0);
  return partOf("the kernel's widening", { asked, seen: seen.length }, complaints);
}
