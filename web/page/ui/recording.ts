// What was replayed: whose stream, how much of it, and how many requests a barrier waits for.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';
import { formatDuration } from '../../../collector/base/format-values.ts';
import { formatCount } from '../format/values.ts';
import { facts } from './section.ts';

export function recording(report: ReportJson): HTMLElement {
  const of = report.recording;
  const lost = of.lost === 0 ? 'none' : formatCount(of.lost);
  const entries: (readonly [string, string])[] = [
    ['Recording', of.name],
    ['Source', of.source],
    ['Duration', formatDuration(of.duration_ns)],
    ['Events', formatCount(of.events)],
    ['Requests', formatCount(of.requests)],
    ['Barriers', `${formatCount(of.barriers)}, ${of.barriers_are}`],
    ['Events lost', lost],
    ['Scrubbed', of.scrub],
    ['Digest', of.digest],
  ];
  if (of.synthetic !== undefined) entries.push(['Synthetic', of.synthetic]);
  return el('div', { class: 'iot-recording' }, facts(entries), perBarrier(of.requests_per_barrier));
}

const SHOWN = 12;

/** How many barrier intervals hold 0, 1, 2 … requests: how much there is to group. */
function perBarrier(counts: readonly number[]): HTMLElement {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shown = counts.slice(0, SHOWN).map((count, n) => ({ name: String(n), count }));
  const rest = counts.slice(SHOWN).reduce((sum, count) => sum + count, 0);
  if (counts.length > SHOWN) shown.push({ name: `${SHOWN}+`, count: rest });
  const most = Math.max(1, ...shown.map(({ count }) => count));
  const rows = shown.map(({ name, count }) => {
    const fill = el('span', { class: 'iot-bar-fill' });
    fill.style.width = `${((100 * count) / most).toFixed(2)}%`;
    const share = total === 0 ? 0 : (100 * count) / total;
    return el(
      'tr',
      {},
      el('th', { scope: 'row' }, name),
      el('td', {}, formatCount(count)),
      el('td', {}, `${share.toFixed(1)} %`),
      el('td', { class: 'iot-per-bar', 'aria-hidden': 'true' }, fill),
    );
  });
  return el(
    'table',
    { class: 'iot-per-barrier' },
    el('caption', {}, 'How many requests does one barrier wait for?'),
    el(
      'thead',
      {},
      el(
        'tr',
        {},
        el('th', { scope: 'col' }, 'Requests'),
        el('th', { scope: 'col' }, 'Barrier intervals'),
        el('th', { scope: 'col' }, 'Share'),
        el('td', { 'aria-hidden': 'true' }),
      ),
    ),
    el('tbody', {}, ...rows),
  );
}
