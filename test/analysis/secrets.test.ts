// Credentials of a server: where they come from, and that they come out nowhere. A comparison is run with a
// password in its environment; then the password is looked for in everything that the run left or said.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { storePlace } from '../../analysis/store/index.ts';
import { ToolError } from '../../collector/base/index.ts';
import { clickhouseHttp } from '../support/clickhouse-http.ts';
import { SAMPLE, folderFor } from '../support/cli.ts';

const MAIN = fileURLToPath(new URL('../../main.js', import.meta.url));
const USER = 'loader';
const PASSWORD = 'gk9+Ätz/secret word';

/** The secret as it might be written: plain, in an address, in a header, in JSON. */
const FORMS = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString('base64'),
  Buffer.from(`${USER}:${PASSWORD}`).toString('base64'),
  JSON.stringify(PASSWORD).slice(1, -1),
];

function refuseSecret(text: string, where: string): void {
  for (const form of FORMS) assert.ok(!text.includes(form), `${where} holds the password: ${form}`);
}

interface Run {
  readonly code: number | null;
  /** stdout and stderr. */
  readonly said: string;
  /** What `ps` shows of the process, while it runs. */
  readonly seenArguments: string;
}

async function run(args: readonly string[], more: Record<string, string>): Promise<Run> {
  const env = { ...process.env, NO_COLOR: '1', ...more };
  const child = spawn(process.execPath, [MAIN, ...args], { env });
  const seenArguments = readFileSync(`/proc/${child.pid}/cmdline`, 'utf8');
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (said += text));
  }
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, said, seenArguments };
}

test(
  'credentials of the environment or a file reach the server and nothing else',
  { timeout: 300_000 },
  async (t) => {
    const folder = folderFor(t);
    const server = await clickhouseHttp({ user: USER, password: PASSWORD });
    const file = join(folder, 'password');
    writeFileSync(file, `${PASSWORD}\n`);
    const out = join(folder, 'out');
    const address = { IOTLB_CLICKHOUSE_URL: server.url, IOTLB_CLICKHOUSE_USER: USER };
    const secret = { ...address, IOTLB_CLICKHOUSE_PASSWORD: PASSWORD };
    try {
      const quick = ['compare', SAMPLE, '--asap', '-n', '1', '-s', 'none', '-o'];
      const page = join(folder, 'page.html');
      const rows: readonly (readonly [readonly string[], Record<string, string>, number])[] = [
        [[...quick, out], secret, 0],
        [['load', SAMPLE, '--password-file', file], address, 0],
        [['report', out, '-o', page], secret, 0],
        [['load', SAMPLE], { ...secret, IOTLB_CLICKHOUSE_USER: 'nobody' }, 3],
        [['load', SAMPLE, '--url', 'http://127.0.0.1:9'], secret, 3],
        [['load', join(folder, 'none')], secret, 4],
      ];
      for (const [args, env, code] of rows) {
        const done = await run(args, env);
        assert.equal(done.code, code, `${args.join(' ')}: ${done.said}`);
        refuseSecret(done.said, `the output of ${args.join(' ')}`);
        refuseSecret(done.seenArguments, 'an argument list');
      }
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const path = join(folder, name);
        if (path === file || !statSync(path).isFile()) continue;
        refuseSecret(readFileSync(path, 'utf8'), name);
      }
      assert.ok(statSync(page).size > 0);
      assert.ok(server.statements.length > 10);
    } finally {
      await server.close();
    }
  },
);

test('a password in an address is refused, and not repeated', async () => {
  for (const url of [
    `http://loader:${encodeURIComponent(PASSWORD)}@127.0.0.1:9/db`,
    `http://127.0.0.1:9/db?user=loader&password=${encodeURIComponent(PASSWORD)}`,
  ]) {
    for (const [args, env] of [
      [['load', SAMPLE, '--url', url], {}],
      [['load', SAMPLE], { IOTLB_CLICKHOUSE_URL: url }],
    ] as const) {
      const done = await run(args, env);
      assert.equal(done.code, 2);
      assert.match(done.said, /holds a password[\s\S]*IOTLB_CLICKHOUSE_PASSWORD/);
      refuseSecret(done.said, 'the refusal');
    }
  }
});

test('flags win over the environment', (t) => {
  const env = {
    IOTLB_CLICKHOUSE_URL: 'http://a:8123',
    IOTLB_CLICKHOUSE_USER: 'u',
    IOTLB_CLICKHOUSE_PASSWORD: 'p',
  };
  assert.deepEqual(storePlace({ store: 'db' }, env), { kind: 'embedded', folder: 'db' });
  const of = (flags: Parameters<typeof storePlace>[0]): unknown => {
    const place = storePlace(flags, env);
    return place?.kind === 'server' ? place.server : place;
  };
  assert.deepEqual(of({}), { url: 'http://a:8123/', user: 'u', password: 'p' });
  assert.deepEqual(of({ url: 'http://me@b:1/x' }), {
    url: 'http://b:1/x',
    user: 'me',
    password: 'p',
  });
  const file = join(folderFor(t), 'password');
  writeFileSync(file, 'of the file\n');
  assert.deepEqual(of({ passwordFile: file }), {
    url: 'http://a:8123/',
    user: 'u',
    password: 'of the file',
  });
  assert.equal(storePlace({}, {}), undefined);
  for (const flags of [{ passwordFile: file }, { url: 'no address' }, { url: 'file:///x' }]) {
    assert.throws(() => storePlace(flags, {}), ToolError);
  }
});

test(
  'a store that another process has open is refused by name',
  { timeout: 120_000 },
  async (t) => {
    const folder = join(folderFor(t), 'db');
    const code = `const { createChdbConnection } = require('chdb/connection');
    createChdbConnection({ path: ${JSON.stringify(folder)} }); console.log('open'); setInterval(() => 0, 1e6)`;
    const holder = spawn(process.execPath, ['-e', code], { cwd: join(MAIN, '../..') });
    try {
      await new Promise((resolve) => holder.stdout.once('data', resolve));
      const done = await run(['load', SAMPLE, '--store', folder], {});
      assert.equal(done.code, 3);
      assert.match(done.said, new RegExp(`db: is in use by process ${holder.pid} \\(`));
    } finally {
      holder.kill();
    }
  },
);
