// A stretch of a recording in memory: one typed array for each column, no object for each row.
// Which arrays there are is said in columns.ts; optional columns are valid where `present` says so.

import {
  COLUMN_TYPES,
  MEMORY_COLUMNS,
  type ColumnArray,
  type ColumnArrays,
  type MemoryColumn,
} from './columns.ts';

/**
 * Rows `firstSeq … firstSeq + count - 1` in capture order; the columns are described in columns.ts. Arrays may
 * be longer than `count`. Times need not ascend.
 */
export interface EventBatch extends ColumnArrays {
  readonly firstSeq: number;
  readonly count: number;
  /** PRESENT bits: which of the optional columns hold a value. */
  readonly present: Uint16Array;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

/** A batch of the arrays that `arrayOf` gives. */
export function batchOf(
  rows: Pick<EventBatch, 'firstSeq' | 'count' | 'present'>,
  arrayOf: (column: MemoryColumn) => ColumnArray,
): EventBatch {
  // From entries, not by assigning: V8 turns an object that gets many properties by computed names into a
  // hash table, and every loop over its columns becomes slow.
  const arrays = Object.fromEntries(
    MEMORY_COLUMNS.map((column) => [column.field, arrayOf(column)] as const),
  ) as unknown as ColumnArrays; // the table's own names and types
  return { firstSeq: rows.firstSeq, count: rows.count, present: rows.present, ...arrays };
}

/** Rows `from … to - 1` of `batch`, not copied. */
export function sliceRows(batch: EventBatch, from: number, to: number): EventBatch {
  const rows = {
    firstSeq: batch.firstSeq + from,
    count: to - from,
    present: batch.present.subarray(from, to),
  };
  return batchOf(rows, ({ field, type }) => {
    const { perRow } = COLUMN_TYPES[type];
    return batch[field].subarray(from * perRow, to * perRow);
  });
}

/** Which rows go where: row `from[i]` to row `to[i]`, for each i below `count`. */
export interface RowPairs {
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly count: number;
}

const TIME_FIELDS = MEMORY_COLUMNS.flatMap(({ field, type }) => (type === 'ns' ? [field] : []));

/** Moves every time of a row by `shiftNs`; what it does not have may be moved too. */
export function shiftTimes(batch: EventBatch, row: number, shiftNs: number): void {
  if (shiftNs === 0) return;
  for (const field of TIME_FIELDS) batch[field][row] += shiftNs;
}

const FIRST_CAPACITY = 8192;

/** Has an array for each column of the table. */
class ColumnHolder {
  constructor(capacity: number) {
    this.resize(capacity);
  }

  /** Makes room for `capacity` rows; what is there stays. */
  resize(capacity: number): void {
    const held = this as unknown as Partial<ColumnArrays>;
    for (const { field, type } of MEMORY_COLUMNS) {
      const { array, perRow } = COLUMN_TYPES[type];
      const value = new array(capacity * perRow);
      value.set(held[field] ?? []);
      // Defined, not assigned, for the reason that stands in `batchOf`.
      Object.defineProperty(this, field, {
        value,
        writable: true,
        enumerable: true,
        configurable: true,
      });
    }
  }
}

// A class cannot declare the names that a table has: this says that the holder has them.
const Columns = ColumnHolder as unknown as new (
  capacity: number,
) => Writable<ColumnArrays> & Pick<ColumnHolder, 'resize'>;

/**
 * Grows a batch row by row. A decoder calls `next`, then sets the columns of the returned row;
 * optional columns count only where it also sets their PRESENT bit.
 */
export class EventBuilder extends Columns implements EventBatch {
  firstSeq = 0;
  count = 0;
  present: Uint16Array;
  #capacity: number;

  constructor(capacity = FIRST_CAPACITY) {
    super(capacity);
    this.present = new Uint16Array(capacity);
    this.#capacity = capacity;
  }

  /** A new row, every column zero but its time and stream. Returns its index. */
  next(tNs: number, stream: number): number {
    if (this.count === this.#capacity) this.#grow(this.#capacity * 2);
    const row = this.count++;
    this.tNs[row] = tNs;
    this.stream[row] = stream;
    return row;
  }

  /** Appends rows `from … to - 1` of `batch` as they are. Returns the index of the first. */
  append(batch: EventBatch, from: number, to: number): number {
    const first = this.count;
    while (first + to - from > this.#capacity) this.#grow(this.#capacity * 2);
    this.count += to - from;
    this.present.set(batch.present.subarray(from, to), first);
    for (const { field, type } of MEMORY_COLUMNS) {
      const { perRow } = COLUMN_TYPES[type];
      this[field].set(batch[field].subarray(from * perRow, to * perRow), first * perRow);
    }
    return first;
  }

  /**
   * Fills row `to[i]` of this batch with row `from[i]` of `batch`, for each i below `count`. Column by column:
   * row by row would look up every array for every row.
   */
  gather(batch: EventBatch, { from, to, count }: RowPairs): void {
    for (let i = 0; i < count; i++) this.present[to[i]] = batch.present[from[i]];
    for (const { field, type } of MEMORY_COLUMNS) {
      const { perRow } = COLUMN_TYPES[type];
      const source = batch[field];
      const target = this[field];
      if (perRow === 1) {
        for (let i = 0; i < count; i++) target[to[i]] = source[from[i]];
      } else {
        for (let i = 0; i < count; i++) {
          const row = source.subarray(from[i] * perRow, (from[i] + 1) * perRow);
          target.set(row, to[i] * perRow);
        }
      }
    }
  }

  /** Takes back the last row. */
  drop(): void {
    this.count--;
    this.#erase(this.count, this.count + 1);
  }

  /** Forgets the rows; the next row's sequence number goes on where they ended. */
  clear(): void {
    this.#erase(0, this.count);
    this.firstSeq += this.count;
    this.count = 0;
  }

  #erase(from: number, to: number): void {
    this.present.fill(0, from, to);
    for (const { field, type, present } of MEMORY_COLUMNS) {
      // What `present` or `raw_len` say is not there need not be zero.
      if (present === undefined && type !== 'words') this[field].fill(0, from, to);
    }
  }

  #grow(capacity: number): void {
    const { present } = this;
    this.present = new Uint16Array(capacity);
    this.present.set(present);
    this.resize(capacity);
    this.#capacity = capacity;
  }
}
