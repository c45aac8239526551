// The truth table of the 2017 reply, row by row: what the real call answered, and what reached the
// emulated VT-d between that row's mark and the next.

import { PROBE_ANSWERS, PROBES, RFC_CALLS, type Seen } from '../rfc-rows.ts';
import { compareRows, differenceText, type HardwareRow } from '../circle.ts';
import { parseAnswer, runInGuest } from '../guest-program.ts';
import { vtdDomainRows } from '../kernel-rules.ts';
import { importRows, readStretches } from '../qemu-log.ts';
import { type Part, partOf, type ScenarioContext } from '../scenario.ts';

interface Answer {
  readonly served: boolean;
  readonly beforeSetIommu: string;
  readonly probes: Readonly<Record<string, { readonly opaque: string; readonly generic: string }>>;
  readonly answers: readonly { readonly name: string; readonly errno: string }[];
}

const PROBES_BEGIN = 200;
const PROBES_END = 201;

function expectedRows(seen: Seen): readonly HardwareRow[] {
  switch (seen.kind) {
    case 'nothing':
      return [];
    case 'domain':
      return vtdDomainRows(undefined);
    case 'pages': {
      const last = seen.addr + (4096n << BigInt(seen.order)) - 1n;
      return vtdDomainRows({ start: seen.addr, last, leaf: seen.leaf });
    }
  }
}

function tablePart(answer: Answer, log: ReadonlyMap<number, string>): Part {
  const complaints: string[] = [];
  let seenRows = 0;
  for (const [index, call] of RFC_CALLS.entries()) {
    const got = answer.answers[index];
    if (got.errno !== call.errno)
      complaints.push(`'${call.name}' answered ${got.errno}, not ${call.errno}`);
    const seen = importRows(log.get(index + 1) ?? '');
    seenRows += seen.length;
    const { difference } = compareRows(expectedRows(call.seen), seen);
    if (difference !== undefined) complaints.push(`'${call.name}': ${differenceText(difference)}`);
  }
  return partOf('truth table', { asked: RFC_CALLS.length, seen: seenRows }, complaints);
}

function probePart(answer: Answer, log: ReadonlyMap<number, string>): Part {
  const complaints: string[] = [];
  if (!answer.served)
    complaints.push('the kernel has no parameter tlb_invalidate_layouts: it is not the lab kernel');
  if (answer.beforeSetIommu !== 'EINVAL')
    complaints.push(`before SET_IOMMU: ${answer.beforeSetIommu}, not EINVAL`);
  for (const [mask, wanted] of PROBE_ANSWERS.entries()) {
    const got = answer.probes[String(mask)];
    if (got?.opaque !== wanted.opaque || got.generic !== wanted.generic) {
      complaints.push(
        `layouts ${mask}: probes answered ${JSON.stringify(got)}, not ${JSON.stringify(wanted)}`,
      );
    }
  }
  const seen = importRows(log.get(PROBES_BEGIN) ?? '');
  if (seen.length > 0 || !log.has(PROBES_END))
    complaints.push(`the probes made ${seen.length} descriptors`);
  const asked = PROBE_ANSWERS.length * Object.keys(PROBES).length;
  return partOf('layout probes', { asked, seen: seen.length }, complaints);
}

/** Both checks in one guest. */
export async function rfcTable(context: ScenarioContext): Promise<readonly Part[]> {
  const result = await runInGuest(context, {
    machine: 'vtd-legacy',
    program: 'rfc',
    name: 'table',
  });
  const answer = parseAnswer(result) as Answer; // printed by guest/rfc.ts
  const log = readStretches(result.log);
  return [probePart(answer, log), tablePart(answer, log)];
}
