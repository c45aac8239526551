// The columns of a plan, in one table each: entries, steps, the barriers that steps release, and those that
// none holds back. StepBatch has a field for each; growing, copying, repeating and the digest follow from here.

type ColumnClass =
  | typeof Uint8Array
  | typeof Uint16Array
  | typeof Uint32Array
  | typeof Float64Array;

type ColumnTable = Readonly<Record<string, ColumnClass>>;

/** What such a class makes, whatever memory is behind it. */
type ArrayOf<C> = C extends typeof Uint8Array
  ? Uint8Array
  : C extends typeof Uint16Array
    ? Uint16Array
    : C extends typeof Uint32Array
      ? Uint32Array
      : Float64Array;

/** The arrays of a table, by name. */
export type ColumnsOf<T extends ColumnTable> = { [K in keyof T]: ArrayOf<T[K]> };

/** What an entry asks for, in the guest's terms, and which requests it stands for. */
export const ENTRY_COLUMNS = {
  kind: Uint8Array,
  scope: Uint8Array,
  flags: Uint16Array,
  present: Uint8Array,
  domainId: Uint32Array,
  pasid: Uint32Array,
  sourceId: Uint32Array,
  page: Float64Array,
  pages: Float64Array,
  entryFirstSeq: Float64Array,
  entryLastSeq: Float64Array,
  widened: Uint8Array,
} as const satisfies ColumnTable;

/** One system call (and target) each: when it is due, what it carries and where its runs end. */
export const STEP_COLUMNS = {
  dueNs: Float64Array,
  entryEnd: Uint32Array,
  releaseEnd: Uint32Array,
  firstSeq: Float64Array,
  lastSeq: Float64Array,
  submission: Uint32Array,
} as const satisfies ColumnTable;

export const RELEASE_COLUMNS = {
  releaseSeq: Float64Array,
  releaseTNs: Float64Array,
} as const satisfies ColumnTable;

export const FREE_COLUMNS = {
  freeSeq: Float64Array,
  freeTNs: Float64Array,
} as const satisfies ColumnTable;

/** The fields that a StepBatch must have: one for each column. */
export type StepColumns = ColumnsOf<typeof ENTRY_COLUMNS> &
  ColumnsOf<typeof STEP_COLUMNS> &
  ColumnsOf<typeof RELEASE_COLUMNS> &
  ColumnsOf<typeof FREE_COLUMNS>;

/** Gives each column of `table` in `owner` room for `room` values; what is there stays. */
export function growColumns<T extends ColumnTable>(
  owner: ColumnsOf<T>,
  table: T,
  room: number,
): void {
  for (const name of namesOf(table)) {
    const fresh = new table[name](room);
    const before: ArrayLike<number> | undefined = owner[name];
    if (before !== undefined) fresh.set(before); // undefined the first time
    owner[name] = fresh as ColumnsOf<T>[typeof name];
  }
}

/** Copies values `start … end - 1` of every column of `from` into `into`, from `at` on; there must be room. */
export function copyColumns<T extends ColumnTable>(
  into: ColumnsOf<T>,
  at: number,
  from: ColumnsOf<T>,
  table: T,
  [start, end]: readonly [number, number],
): void {
  for (const name of namesOf(table)) into[name].set(from[name].subarray(start, end), at);
}

/** Moves values `start … end - 1` of every column to the front. */
export function frontColumns<T extends ColumnTable>(
  owner: ColumnsOf<T>,
  table: T,
  [start, end]: readonly [number, number],
): void {
  for (const name of namesOf(table)) owner[name].copyWithin(0, start, end);
}

const NAMES = new Map<ColumnTable, readonly string[]>(
  [ENTRY_COLUMNS, STEP_COLUMNS, RELEASE_COLUMNS, FREE_COLUMNS].map((table) => [
    table,
    Object.keys(table),
  ]),
);

/** The names of a table, in its order. */
export function namesOf<T extends ColumnTable>(table: T): readonly (keyof T & string)[] {
  return NAMES.get(table) ?? [];
}
