// The same statements over HTTP: the server store against an endpoint that answers with the real engine.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { buildReport } from '../../analysis/report/build.ts';
import { openStore, storePlace } from '../../analysis/store/index.ts';
import { loadFile } from '../../analysis/store/load.ts';
import { clickhouseHttp } from '../support/clickhouse-http.ts';
import { SAMPLE, folderFor, iotlb } from '../support/cli.ts';

test(
  'a comparison is loaded and reported through a server as it is through the embedded engine',
  { timeout: 120_000 },
  async (t) => {
    const folder = folderFor(t);
    const path = join(folder, 'one.arrow');
    assert.equal(iotlb(['replay', SAMPLE, '--asap', '-o', path, '-q']).code, 0);
    const server = await clickhouseHttp();
    try {
      const store = await openStore(
        storePlace({ url: server.url }, {}) ?? assert.fail('an address names a place'),
      );
      try {
        await loadFile(store, SAMPLE);
        const loaded = await loadFile(store, path);
        assert.equal(loaded.kind, 'result');
        assert.equal((await loadFile(store, path)).known, true);
        const report = await buildReport(store, 'single');
        assert.equal(report.recording.events, 41_684);
        assert.equal(report.strategies[0].values.ioctls?.median, 20_842);
        assert.equal(report.charts.length, 6);
        assert.ok(
          server.statements.some((sql) => sql.includes("input('")),
          'files went over the wire',
        );
      } finally {
        await store.close();
      }
    } finally {
      await server.close();
    }
  },
);

test('a server that cannot be reached ends the load with its address', () => {
  const said = iotlb(['load', SAMPLE, '--url', 'http://someone@127.0.0.1:9']);
  assert.equal(said.code, 3);
  assert.match(said.err, /127\.0\.0\.1:9/);
});
