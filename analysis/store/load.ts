// Recordings and results into the tables. Loading the same file again changes nothing.

import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';

import {
  firstSchema,
  fileDigest,
  openTrace,
  scanTrace,
  sealTrace,
} from '../../collector/format/index.ts';
import { ToolError } from '../../collector/base/index.ts';
import { ALL_COLUMNS } from '../../collector/model/index.ts';
import { RESULT_HEADER_KEY, type ResultHeader } from '../../replayer/result/header.ts';
import { readResultHeader } from '../../replayer/result/file.ts';
import { STORED_COLUMNS, structureOf } from './event-columns.ts';
import type { Query, Store } from './store.ts';

const SAMPLE_COLUMNS =
  'stream UInt16, due_ns Int64, issued_ns Int64, completed_ns Int64, entries UInt32, entries_done UInt32, errno Int32, first_seq UInt64, last_seq UInt64, calls UInt32, steps UInt32, stalls_ns Array(Int64)';
const HAS_RUN: Query<{ readonly n: number }> = {
  sql: 'SELECT count() AS n FROM runs FINAL WHERE run_id = {id:String}',
};
const HAS_TRACE: Query<{ readonly n: number }> = {
  sql: 'SELECT count() AS n FROM traces FINAL WHERE trace_digest = {id:String}',
};

export type Loaded =
  | {
      readonly kind: 'result';
      readonly path: string;
      readonly header: ResultHeader;
      readonly known: boolean;
    }
  | {
      readonly kind: 'trace';
      readonly path: string;
      readonly digest: string;
      readonly known: boolean;
    };

/** Loads a recording or a result, whichever `path` is. Throws ToolError. */
export async function loadFile(store: Store, path: string): Promise<Loaded> {
  if (isFolder(path)) return loadParts(store, path);
  const schema = firstSchema(path);
  return schema?.metadata.has(RESULT_HEADER_KEY) === true
    ? loadResult(store, path)
    : loadTrace(store, path);
}

async function loadResult(store: Store, path: string): Promise<Loaded> {
  const header = readResultHeader(path);
  const known = await has(store, HAS_RUN, header.run_id);
  if (!known) {
    // A load that was killed may have left rows without their run.
    await store.command('DELETE FROM samples WHERE run_id = {id:String}', { id: header.run_id });
    await store.insertArrow({
      sql: `INSERT INTO samples SELECT {id:String} AS run_id, ${names(SAMPLE_COLUMNS)} FROM {rows}`,
      structure: SAMPLE_COLUMNS,
      path,
      parameters: { id: header.run_id },
    });
    // The run's row comes last: samples without one are never looked at.
    await store.insertRows('runs', [runRow(header)]);
  }
  return { kind: 'result', path, header, known };
}

function runRow(header: ResultHeader): Readonly<Record<string, unknown>> {
  const { plan, trace } = header;
  return {
    run_id: header.run_id,
    comparison_id: header.comparison_id,
    repeat: header.repeat,
    strategy: plan.strategy,
    dialect: plan.dialect,
    issuer: header.issuer,
    provenance: header.provenance,
    pacing: header.pacing,
    verdict: plan.verdict.class,
    trace_digest: trace.digest,
    trace_name: trace.name,
    plan_digest: header.plan_digest,
    started_at: header.started_at.replace('T', ' ').replace('Z', ''),
    free_barriers: header.free_barriers,
    entries: plan.entries,
    requested_pages: plan.requested_pages,
    issued_pages: plan.issued_pages,
    hardware_waits: plan.hardware_waits,
    ...cpuTime(header),
    header: JSON.stringify(header),
  };
}

/** Of all issuing threads; NULL where one of them did not count it. */
function cpuTime({ timing }: ResultHeader): {
  readonly cpu_ns: number | null;
  readonly cpu_system_ns: number | null;
} {
  let user = 0;
  let system = 0;
  for (const { cpu_time: cpu } of timing?.threads ?? []) {
    user += cpu?.user_ns ?? Number.NaN;
    system += cpu?.system_ns ?? Number.NaN;
  }
  if (timing === undefined || Number.isNaN(user)) return { cpu_ns: null, cpu_system_ns: null };
  return { cpu_ns: user + system, cpu_system_ns: system };
}

/** The parts of a rotated recording: the engine reads one file, so they are joined in a temporary one. */
async function loadParts(store: Store, path: string): Promise<Loaded> {
  const folder = mkdtempSync(join(tmpdir(), 'iotlb-parts-'));
  try {
    const joined = join(folder, `${basename(path)}.arrow`);
    sealTrace(path, joined);
    return { ...(await loadTrace(store, joined, fileDigest(path))), path };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function loadTrace(
  store: Store,
  path: string,
  digest = fileDigest(path),
): Promise<Extract<Loaded, { kind: 'trace' }>> {
  const end = scanTrace(path); // a damaged file is refused here, before the engine sees it
  if (end.state === 'cut') {
    throw new ToolError('E_TRUNCATED', `${path}: ends inside a batch; nothing was loaded`, {
      hint: `seal what is whole first: iotlb import --salvage ${path} -o WHOLE.arrow`,
    });
  }
  const known = await has(store, HAS_TRACE, digest);
  if (!known) {
    using reader = openTrace(path);
    const kept = STORED_COLUMNS.map(({ name }) => name).join(', ');
    await store.command('DELETE FROM events WHERE trace_digest = {id:String}', { id: digest });
    await store.insertArrow({
      sql: `INSERT INTO events SELECT {id:String} AS trace_digest, ${kept} FROM {rows}`,
      structure: structureOf(ALL_COLUMNS),
      path,
      parameters: { id: digest },
    });
    await store.insertRows('traces', [
      {
        trace_digest: digest,
        name: basename(path),
        events: end.events,
        lost: end.tally.lost,
        header: JSON.stringify(reader.header),
      },
    ]);
  }
  return { kind: 'trace', path, digest, known };
}

async function has(
  store: Store,
  query: Query<{ readonly n: number }>,
  id: string,
): Promise<boolean> {
  const [row] = await store.rows(query, { id });
  return row.n > 0;
}

/** Column names of a structure text. */
function names(structure: string): string {
  return structure
    .split(/,\s(?![^(]*\))/)
    .map((column) => column.split(' ')[0])
    .join(', ');
}
