// The iommufd selftest mock: calls that complete wholly, partly and not at all, and its own check of
// what each left behind.

import { parseAnswer, runInGuest } from '../guest-program.ts';
import { HWPT_CALLS, type MockCall, VIOMMU_CALLS } from '../mock-rows.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';

interface Checked {
  readonly errno: string;
  readonly done: number;
  readonly slots: string;
}

function checkedPart(name: string, calls: readonly MockCall[], answers: readonly Checked[]): Part {
  const text = (each: Checked): string => `${each.errno}, ${each.done} done, slots ${each.slots}`;
  const complaints = calls.flatMap((call, index) =>
    text(call) === text(answers[index])
      ? []
      : [`'${call.name}': ${text(answers[index])}, not ${text(call)}`],
  );
  const asked = calls.reduce((sum, call) => sum + call.entries.length, 0);
  return partOf(
    name,
    { asked, seen: answers.reduce((sum, each) => sum + each.done, 0) },
    complaints,
  );
}

export async function mockTable(context: ScenarioContext): Promise<readonly Part[]> {
  const result = await runInGuest(context, {
    machine: 'vtd-legacy',
    program: 'mock',
    name: 'table',
  });
  const answer = parseAnswer(result) as { hwpt: Checked[]; caches: Checked[] }; // printed by guest/mock.ts
  return [
    checkedPart('selftest HWPT', HWPT_CALLS, answer.hwpt),
    checkedPart('selftest vIOMMU', VIOMMU_CALLS, answer.caches),
  ];
}
