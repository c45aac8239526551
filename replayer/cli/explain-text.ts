// An explanation as a time line for the terminal: what happened to one request, and when. Text only.

import { formatCount, formatDuration } from '../../collector/base/index.ts';
import {
  ALL_PAGES,
  FLAG,
  GRANULARITIES,
  KIND,
  KINDS,
  PRESENT,
  granularityIndex,
} from '../../collector/model/index.ts';
import type { CoveringStep, Explanation, ReleasedBarrier, Width } from '../planner/explain.ts';

const LINE = 60;

/** One thing that happens on the line. */
interface Mark {
  readonly atNs: number;
  readonly sign: string;
  readonly text: string;
}

export function explanationText(one: Explanation): string {
  const head = `seq ${formatCount(one.seq)} of stream ${one.stream}, asked at ${(one.asked_ns / 1e9).toFixed(6)} s: ${widthText(one.width)}`;
  if (one.not_replayable !== undefined) {
    return `${head}\n  not part of any plan: ${one.not_replayable}`;
  }
  const marks = marksOf(one);
  return [
    head,
    `under ${one.strategy}:`,
    '',
    `  ${drawLine(marks)}`,
    '',
    ...marks.map(
      (mark) =>
        `  ${mark.sign} ${`+${formatDuration(mark.atNs - one.asked_ns)}`.padStart(10)}  ${mark.text}`,
    ),
    '',
    `  ${conclusion(one)}`,
  ].join('\n');
}

function marksOf(one: Explanation): readonly Mark[] {
  const marks: Mark[] = [];
  const isBarrier = one.width.kind === KIND.barrier;
  if (!isBarrier) marks.push({ atNs: one.asked_ns, sign: '●', text: 'asked by the guest' });
  if (one.covered !== undefined) {
    marks.push({ atNs: one.covered.due_ns, sign: '■', text: stepText(one.covered) });
  }
  if (one.barrier !== undefined) marks.push(...barrierMarks(one.barrier));
  return marks.sort((a, b) => a.atNs - b.atNs);
}

function barrierMarks(barrier: ReleasedBarrier): readonly Mark[] {
  const name = `barrier ${formatCount(barrier.seq)}`;
  const captured = { atNs: barrier.captured_ns, sign: '┊', text: `${name}: the guest waits` };
  if (barrier.released_ns === undefined) return [captured];
  const by =
    barrier.step === undefined
      ? 'at once, no step holds it back'
      : `when step ${formatCount(barrier.step)} returns`;
  const stall = formatDuration(barrier.released_ns - barrier.captured_ns);
  return [
    captured,
    {
      atNs: barrier.released_ns,
      sign: '✓',
      text: `${name} is released ${by}; planned stall ${stall}`,
    },
  ];
}

function stepText(covered: CoveringStep): string {
  const which =
    covered.place === undefined
      ? `its ${formatCount(covered.entries)} entries together cover it`
      : `entry ${formatCount(covered.place + 1)} of ${formatCount(covered.entries)} covers it`;
  const wider = covered.entry.widened ? ', wider than asked' : '';
  const entry = covered.place === undefined ? '' : `: ${widthText(covered.entry)}${wider}`;
  return `step ${formatCount(covered.step)}, one ioctl for seq ${formatCount(covered.first_seq)} to ${formatCount(covered.last_seq)}; ${which}${entry}`;
}

function conclusion(one: Explanation): string {
  if (one.width.kind === KIND.barrier) {
    return one.barrier?.released_ns === undefined
      ? 'BROKEN: this barrier is never released'
      : 'this row is a barrier: it asks for nothing itself';
  }
  if (one.covered === undefined) return 'BROKEN: no entry issued after it was asked covers it';
  if (one.barrier === undefined) return 'no barrier follows in its stream: nothing waits for it';
  if (one.barrier.released_ns === undefined) return 'BROKEN: its barrier is never released';
  if (one.exposed_ns > 0) {
    const pages =
      (one.width.present & PRESENT.range) === 0
        ? 'a scope without a page count'
        : pagesText(one.width.pages);
    return `DEFERRED: ${pages} exposed for ${formatDuration(one.exposed_ns)}, from the release to the ioctl`;
  }
  const holder = one.barrier.step;
  if (holder === undefined || holder < one.covered.step) {
    return 'DEFERRED: the barrier does not wait for the step that covers it';
  }
  return 'strict: done before the barrier is released';
}

function widthText(width: Width): string {
  if (width.kind === KIND.barrier) return 'barrier';
  const parts = [
    `${KINDS[width.kind]} ${GRANULARITIES[granularityIndex(width.scope, width.present)]}`,
  ];
  if ((width.present & PRESENT.range) !== 0) {
    parts.push(`${pageAddress(width.page)} + ${pagesText(width.pages)}`);
  }
  if ((width.present & PRESENT.domainId) !== 0) parts.push(`domain ${width.domain_id}`);
  if ((width.present & PRESENT.pasid) !== 0) parts.push(`pasid ${width.pasid}`);
  if ((width.flags & FLAG.leaf) !== 0) parts.push('leaf');
  return parts.join(', ');
}

function pagesText(pages: number): string {
  if (pages >= ALL_PAGES) return 'every page';
  return pages === 1 ? '1 page' : `${formatCount(pages)} pages`;
}

/** Page number -> address in hex; a page has three more hex digits than its number. */
function pageAddress(page: number): string {
  return `0x${page.toString(16)}000`;
}

/** All marks to scale on one line; what falls on one place stands side by side. */
function drawLine(marks: readonly Mark[]): string {
  const first = marks[0].atNs;
  const span = Math.max(1, marks[marks.length - 1].atNs - first);
  let line = '';
  for (const mark of marks) {
    const place = Math.round(((mark.atNs - first) / span) * LINE);
    line = `${line.padEnd(place, '─')}${mark.sign}`;
  }
  return line;
}
