// The kernel's own widening, apart from any replay: entries of every shape through the real ioctl, and
// exactly what the rules say on the emulated hardware.

import { compareRows, differenceText, type HardwareRow } from '../circle.ts';
import { parseAnswer, runInGuest } from '../guest-program.ts';
import { importRows, readStretches } from '../qemu-log.ts';
import { FIRST_REFUSED_MARK, type RefusedCall } from '../refused-calls.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';
import type { MachineName } from '../machine.ts';

export interface Rules {
  readonly machine: MachineName;
  readonly program: string;
  readonly calls: readonly Uint8Array[];
  readonly entryBytes: number;
  readonly rows: (entries: Uint8Array) => readonly HardwareRow[];
  readonly refused: readonly RefusedCall[];
}

/** The guest's program marks 1 before the calls and 2 after them. */
const CALLS_MARK = 1;

interface Answered {
  readonly errno: string;
  readonly done: number;
}

interface Answer {
  readonly answers: readonly Answered[];
  readonly refused: readonly Answered[];
}

type Log = ReadonlyMap<number, string>;

function wideningPart(rules: Rules, answers: readonly Answered[], log: Log): Part {
  const complaints = answers.flatMap(({ errno, done }, index) => {
    const asked = rules.calls[index].length / rules.entryBytes;
    return errno === 'ok' && done === asked
      ? []
      : [`call ${index}: ${errno}, ${done} of ${asked} entries done`];
  });
  const seen = importRows(log.get(CALLS_MARK) ?? '');
  const expected = rules.calls.flatMap((call) => [...rules.rows(call)]);
  const { difference } = compareRows(expected, seen);
  if (difference !== undefined) complaints.push(differenceText(difference));
  const asked = rules.calls.reduce((sum, call) => sum + call.length / rules.entryBytes, 0);
  return partOf("the kernel's widening", { asked, seen: seen.length }, complaints);
}

function refusedPart(rules: Rules, answers: readonly Answered[], log: Log): Part {
  const complaints: string[] = [];
  let [asked, rowsSeen] = [0, 0];
  for (const [index, call] of rules.refused.entries()) {
    const { errno, done } = answers[index];
    if (errno !== call.errno || done !== call.done) {
      complaints.push(
        `'${call.name}': ${errno} and ${done} done, not ${call.errno} and ${call.done}`,
      );
    }
    const seen = importRows(log.get(FIRST_REFUSED_MARK + index) ?? '');
    const { difference } = compareRows(
      rules.rows(call.entries.subarray(0, call.issued * rules.entryBytes)),
      seen,
    );
    if (difference !== undefined) complaints.push(`'${call.name}': ${differenceText(difference)}`);
    asked += call.entries.length / rules.entryBytes;
    rowsSeen += seen.length;
  }
  return partOf('calls refused midway', { asked, seen: rowsSeen }, complaints);
}

/** One guest: every shape of entry, then the calls that are refused in the middle. */
export async function rulesParts(context: ScenarioContext, rules: Rules): Promise<readonly Part[]> {
  const result = await runInGuest(context, {
    machine: rules.machine,
    program: rules.program,
    name: 'rules',
  });
  const answer = parseAnswer(result) as Answer; // printed by the program
  const log = readStretches(result.log);
  return [wideningPart(rules, answer.answers, log), refusedPart(rules, answer.refused, log)];
}
