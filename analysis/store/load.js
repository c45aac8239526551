// Recordings and results into the tables. Loading the same file again changes nothing.
var __addDisposableResource =
  (this && this.__addDisposableResource) ||
  function (env, value, async) {
    if (value !== null && value !== void 0) {
      if (typeof value !== 'object' && typeof value !== 'function')
        throw new TypeError('Object expected.');
      var dispose, inner;
      if (async) {
        if (!Symbol.asyncDispose) throw new TypeError('Symbol.asyncDispose is not defined.');
        dispose = value[Symbol.asyncDispose];
      }
      if (dispose === void 0) {
        if (!Symbol.dispose) throw new TypeError('Symbol.dispose is not defined.');
        dispose = value[Symbol.dispose];
        if (async) inner = dispose;
      }
      if (typeof dispose !== 'function') throw new TypeError('Object not disposable.');
      if (inner)
        dispose = function () {
          try {
            inner.call(this);
          } catch (e) {
            return Promise.reject(e);
          }
        };
      env.stack.push({ value: value, dispose: dispose, async: async });
    } else if (async) {
      env.stack.push({ async: true });
    }
    return value;
  };
var __disposeResources =
  (this && this.__disposeResources) ||
  (function (SuppressedError) {
    return function (env) {
      function fail(e) {
        env.error = env.hasError
          ? new SuppressedError(e, env.error, 'An error was suppressed during disposal.')
          : e;
        env.hasError = true;
      }
      var r,
        s = 0;
      function next() {
        while ((r = env.stack.pop())) {
          try {
            if (!r.async && s === 1)
              return ((s = 0), env.stack.push(r), Promise.resolve().then(next));
            if (r.dispose) {
              var result = r.dispose.call(r.value);
              if (r.async)
                return (
                  (s |= 2),
                  Promise.resolve(result).then(next, function (e) {
                    fail(e);
                    return next();
                  })
                );
            } else s |= 1;
          } catch (e) {
            fail(e);
          }
        }
        if (s === 1) return env.hasError ? Promise.reject(env.error) : Promise.resolve();
        if (env.hasError) throw env.error;
      }
      return next();
    };
  })(
    typeof SuppressedError === 'function'
      ? SuppressedError
      : function (error, suppressed, message) {
          var e = new Error(message);
          return ((e.name = 'SuppressedError'), (e.error = error), (e.suppressed = suppressed), e);
        },
  );
import { basename } from 'node:path';
import { firstSchema, fileDigest, openTrace, scanTrace } from '../../collector/format/index.js';
import { ToolError } from '../../collector/base/index.js';
import { RESULT_HEADER_KEY } from '../../replayer/result/header.js';
import { readResultHeader } from '../../replayer/result/file.js';
const SAMPLE_COLUMNS =
  'stream UInt16, due_ns Int64, issued_ns Int64, completed_ns Int64, entries UInt32, entries_done UInt32, errno Int32, first_seq UInt64, last_seq UInt64, calls UInt32, steps UInt32, stalls_ns Array(Int64)';
const EVENT_COLUMNS =
  'seq UInt64, t_ns Int64, stream UInt16, kind LowCardinality(String), scope UInt8, flags UInt16, domain_id Nullable(UInt32), pasid Nullable(UInt32), source_id Nullable(UInt32), addr Nullable(UInt64), size Nullable(UInt64), raw FixedString(32), raw_len UInt8, submission UInt32, cpu Nullable(Int16)';
const HAS_RUN = {
  sql: 'SELECT count() AS n FROM runs FINAL WHERE run_id = {id:String}',
};
const HAS_TRACE = {
  sql: 'SELECT count() AS n FROM traces FINAL WHERE trace_digest = {id:String}',
};
/** Loads a recording or a result, whichever `path` is. Throws ToolError. */
export async function loadFile(store, path) {
  const schema = firstSchema(path);
  return schema?.metadata.has(RESULT_HEADER_KEY) === true
    ? loadResult(store, path)
    : loadTrace(store, path);
}
async function loadResult(store, path) {
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
function runRow(header) {
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
    header: JSON.stringify(header),
  };
}
async function loadTrace(store, path) {
  const end = scanTrace(path); // a damaged file is refused here, before the engine sees it
  if (end.state === 'cut') {
    throw new ToolError('E_TRUNCATED', `${path}: ends inside a batch; nothing was loaded`, {
      hint: `seal what is whole first: iotlb import --salvage ${path} -o WHOLE.arrow`,
    });
  }
  const digest = fileDigest(path);
  const known = await has(store, HAS_TRACE, digest);
  if (!known) {
    const env_1 = { stack: [], error: void 0, hasError: false };
    try {
      const reader = __addDisposableResource(env_1, openTrace(path), false);
      const kept = names(EVENT_COLUMNS).replace('raw, raw_len, ', '').replace(', cpu', '');
      await store.command('DELETE FROM events WHERE trace_digest = {id:String}', { id: digest });
      await store.insertArrow({
        sql: `INSERT INTO events SELECT {id:String} AS trace_digest, ${kept} FROM {rows}`,
        structure: EVENT_COLUMNS,
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
    } catch (e_1) {
      env_1.error = e_1;
      env_1.hasError = true;
    } finally {
      __disposeResources(env_1);
    }
  }
  return { kind: 'trace', path, digest, known };
}
async function has(store, query, id) {
  const [row] = await store.rows(query, { id });
  return row.n > 0;
}
/** Column names of a structure text. */
function names(structure) {
  return structure
    .split(/,\s(?![^(]*\))/)
    .map((column) => column.split(' ')[0])
    .join(', ');
}
//# sourceMappingURL=load.js.map
