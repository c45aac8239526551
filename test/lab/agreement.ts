// Two recordings of one stream through `iotlb info --against`: what they must share, as complaints.

import { join } from 'node:path';
import { ToolError } from '../../collector/base/index.ts';
import { openTrace } from '../../collector/format/index.ts';
import { iotlb } from '../support/running-cli.ts';

/** What is read of the command's document. */
interface AgainstJson {
  readonly here: { readonly compared: number };
  readonly matched: number;
  readonly only_here: Only;
  readonly only_there: Only;
}

interface Only {
  readonly inside: number;
  readonly outside: number;
}

/** Runs the command; its answer. Throws ToolError. */
export function answerOf(args: readonly string[]): string {
  const { code, stdout, stderr } = iotlb(args);
  if (code !== 0) throw new ToolError('E_IO', `iotlb ${args[0]} failed: ${stderr}`);
  return stdout;
}

/** Imports what another tool wrote of the same stream; answers with the recording. */
export function importView(log: string, folder: string, name: string): string {
  const path = join(folder, `${name}.arrow`);
  answerOf(['import', log, '-o', path, '--force', '-q']);
  return path;
}

export interface Agreement {
  readonly matched: number;
  readonly compared: number;
  readonly complaints: readonly string[];
}

/**
 * Every request of one recording that the other was on for must be in both. `whole`: the other was on
 * all the time, so that nothing may lie outside.
 */
export function agreement(
  here: string,
  there: string,
  options: { readonly whole: boolean; readonly least: number },
): Agreement {
  const found = JSON.parse(answerOf(['info', here, '--against', there, '--json'])) as AgainstJson;
  const complaints: string[] = [];
  const { compared } = found.here;
  if (found.only_here.inside > 0)
    complaints.push(`${found.only_here.inside} requests only in ${here}`);
  if (found.only_there.inside > 0)
    complaints.push(`${found.only_there.inside} requests only in ${there}`);
  if (options.whole && found.only_here.outside > 0)
    complaints.push(`${found.only_here.outside} requests at times when ${there} was on`);
  if (found.matched < options.least)
    complaints.push(`only ${found.matched} requests in both, not ${options.least}`);
  return { matched: found.matched, compared, complaints };
}

/** Loss that a recording tells of itself. */
export function lossOf(path: string): readonly string[] {
  using reader = openTrace(path);
  for (const batch of reader.batches()) void batch;
  const lost = reader.end?.tally.lost;
  return lost === 0 ? [] : [`${path}: ${lost ?? 'an unknown number of'} events lost`];
}

/** Events that a recording holds by now; 0 where it is not there yet. */
export function eventsIn(path: string): number {
  try {
    using reader = openTrace(path);
    for (const batch of reader.batches()) void batch;
    return reader.end?.events ?? 0;
  } catch (error) {
    if (error instanceof ToolError) return 0;
    throw error;
  }
}
