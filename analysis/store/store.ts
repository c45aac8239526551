// Where SQL runs: embedded in this process, or a ClickHouse server. Both run the same statements; what
// differs is how a file's rows reach an INSERT, and that sits behind `insertArrow`.

/** Parameters are bound by the engine as `{name:Type}`; SQL is never built from values. */
export type SqlParameters = Readonly<Record<string, string | number | readonly string[]>>;

/** A question: its SQL, and by its type parameter the rows that answer it. */
export interface Query<Row> {
  readonly sql: string;
  /** Type marker only; never set. */
  readonly row?: Row;
}

export interface ArrowInsert {
  readonly sql: string;
  readonly structure: string;
  readonly path: string;
  readonly parameters: SqlParameters;
}

export interface Store {
  /** One line for people. */
  readonly description: string;
  command(sql: string, parameters?: SqlParameters): Promise<void>;
  rows<Row>(query: Query<Row>, parameters?: SqlParameters): Promise<readonly Row[]>;
  /** Appends rows given as objects, a few at a time. */
  insertRows(table: string, rows: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /**
   * Runs `INSERT INTO … SELECT … FROM {rows} …` with `{rows}` standing for the rows of the Arrow file
   * at `path`, whose columns are `structure`.
   */
  insertArrow(insert: ArrowInsert): Promise<void>;
  close(): Promise<void>;
}
