// Where a recording lost events, as lines for the screen: the first places, and how many more there are.

import { formatCount, formatDuration } from '../base/index.ts';
import type { LossDetail } from '../model/index.ts';

const PLACES_SHOWN = 6;

export function lossLines(losses: readonly LossDetail[]): readonly string[] {
  const shown = losses.slice(0, PLACES_SHOWN).map(lossLine);
  const more = losses.length - shown.length;
  const rest = more > 0 ? [`and ${formatCount(more)} more places; --json lists them`] : [];
  return [...shown, ...rest].map((line) => `              ${line}`);
}

function lossLine(loss: LossDetail): string {
  const place = loss.unit === 'cpu' ? `CPU ${loss.at}` : `${loss.unit} ${formatCount(loss.at)}`;
  return `${formatCount(loss.lost)} at ${place}${timesOf(loss)}: ${loss.reason}`;
}

function timesOf({ from_ns, to_ns }: LossDetail): string {
  const from = from_ns === undefined ? '' : ` after ${formatDuration(from_ns)}`;
  return to_ns === undefined ? from : `${from} before ${formatDuration(to_ns)}`;
}
