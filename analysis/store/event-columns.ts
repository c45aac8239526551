// The columns of the SQL table `events`, from the table of a recording's columns. The table was made by a
// migration when the format was at version 2; columns that came later are added from here.

import { ALL_COLUMNS, COLUMN_TYPES, type Column } from '../../collector/model/index.ts';

/** What is loaded of a recording. */
export const STORED_COLUMNS: readonly Column[] = ALL_COLUMNS.filter(
  ({ inStore }) => inStore !== false,
);

/** The type of a column as the engine reads it from a file. */
export function sqlType({ type, present }: Column): string {
  const { sql } = COLUMN_TYPES[type];
  return present === undefined ? sql : `Nullable(${sql})`;
}

/** A structure text for the engine: names and types. */
export function structureOf(columns: readonly Column[]): string {
  return columns.map((column) => `${column.name} ${sqlType(column)}`).join(', ');
}

/** Adds to `events` what it lacks of the stored columns; changes nothing where it has them all. */
export const ADD_EVENT_COLUMNS = `ALTER TABLE events ${STORED_COLUMNS.map(
  (column) => `ADD COLUMN IF NOT EXISTS ${column.name} ${sqlType(column)}`,
).join(', ')}`;
