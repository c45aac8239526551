// The columns that each version of the format has, and which of these sets a batch in a file holds.

import { FORMAT_VERSION, columnsOf, type Column } from '../model/index.ts';
import type { BatchLayout } from './layout.ts';
import type { MessageInfo } from './message.ts';
import { widthsOf } from './schema.ts';

interface ColumnSet {
  readonly columns: readonly Column[];
  readonly widths: readonly number[];
}

/** Every set that some version had, newest first. */
const SETS: readonly ColumnSet[] = distinct(
  Array.from({ length: FORMAT_VERSION }, (_, i) => columnsOf(FORMAT_VERSION - i)),
).map((columns) => ({ columns, widths: widthsOf(columns) }));

function distinct(sets: readonly (readonly Column[])[]): readonly (readonly Column[])[] {
  return sets.filter((set, i) => sets.findIndex((one) => one.length === set.length) === i);
}

/** Columns of the smallest set: a batch never has fewer. */
export const FEWEST_COLUMNS = Math.min(...SETS.map(({ columns }) => columns.length));

export interface KnownLayout {
  readonly columns: readonly Column[];
  readonly layout: BatchLayout;
}

/** Where the columns of a batch message lie; undefined where they are those of no known version. */
export function knownLayout(message: MessageInfo): KnownLayout | undefined {
  for (const { columns, widths } of SETS) {
    const layout = message.layout(widths); // sets differ in length, so no other fits
    if (layout !== undefined) return { columns, layout };
  }
  return undefined;
}
