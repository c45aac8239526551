// The package as a user gets it: packed from a clean copy, installed into an empty folder, every verb run there,
// first without the analysis engine and then with it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after } from 'node:test';

import { makeBundle } from '../../packaging/bundle.ts';
import { CHECKOUT, packCheckout } from '../../packaging/pack.ts';
import { fixture } from '../support/fixtures.ts';

const folder = mkdtempSync(join(tmpdir(), 'iotlb-pack-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const packing = sub('pack');
const pack = packCheckout(packing);

interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function sub(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  return path;
}

function runner(program: string, cwd: string, path = process.env.PATH): (words: string) => Said {
  return (words) => {
    const env = { ...process.env, PATH: path, NO_COLOR: '1' };
    const args = words === '' ? [] : words.split(' ');
    const done = spawnSync(program, args, { cwd, env, encoding: 'utf8' });
    return { code: done.status, out: done.stdout, err: done.stderr };
  };
}

function npm(cwd: string, ...args: readonly string[]): void {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--ignore-scripts'];
  const done = spawnSync('npm', [...args, ...quiet], { cwd, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stderr);
}

function tracked(pattern: RegExp): readonly string[] {
  const { stdout } = spawnSync('git', ['ls-files'], { cwd: CHECKOUT, encoding: 'utf8' });
  return stdout.split('\n').filter((name) => pattern.test(name));
}

test('the package holds what the program reads and nothing else', (t) => {
  const needed = [
    'bin/iotlb',
    'dist/main.js',
    'dist/web/page.js',
    'dist/web/page-style.css',
    'dist/replayer/loop/worker.js',
    'collector/samples/vtd-fs-strict-2s.arrow',
    ...tracked(/^analysis\/sql\/.*\.sql$/),
    ...tracked(/^(?:collector|replayer)\/.*(?:\.bpf\.o|\.so)$/),
  ];
  assert.deepEqual(
    needed.filter((path) => !pack.files.includes(path)),
    [],
  );
  const wrong = pack.files.filter((path) =>
    /\.map$|\.d\.ts$|\.ts$|(?:^|\/)test\/|buildinfo/.test(path),
  );
  assert.deepEqual(wrong, []);
  const sources = new Set(tracked(/\.ts$/));
  const orphans = pack.files.filter(
    (path) =>
      /^dist\/.*\.js$/.test(path) &&
      path !== 'dist/web/page.js' &&
      !sources.has(path.replace(/^dist\//, '').replace(/\.js$/, '.ts')),
  );
  assert.deepEqual(orphans, [], 'built from sources that are gone');
  t.diagnostic(`${pack.files.length} files`);
});

test('installed into an empty folder, every verb works', { timeout: 900_000 }, (t) => {
  const cwd = sub('install');
  npm(cwd, 'install', pack.path);
  assert.ok(!existsSync(join(cwd, 'node_modules', 'chdb')));
  const iotlb = runner(join(cwd, 'node_modules', '.bin', 'iotlb'), cwd);
  copyFileSync(fixture('traces/vtd-fs-strict.log'), join(cwd, 'guest.log'));
  const works = (words: string): Said => {
    const said = iotlb(words);
    assert.equal(said.code, 0, `iotlb ${words}: ${said.err}`);
    return said;
  };
  const verbs = [...works('--help').out.matchAll(/^ {2}([a-z-]+) .*$/gm)].map((found) => found[1]);
  assert.ok(verbs.length >= 14);
  for (const verb of verbs) works(verb === 'help' ? 'help' : `${verb} --help`);
  for (const words of RECORD_AND_REPLAY) works(words);

  for (const words of [...ANALYSIS, 'demo -n 1 -o demo.html']) {
    const said = iotlb(words);
    assert.equal(said.code, 3, `iotlb ${words}: ${said.err}`);
    assert.match(said.err, /engine \(chdb\) is not installed[\s\S]*npm install chdb@/, words);
    assert.doesNotMatch(said.err, /\n\s+at /);
  }
  npm(cwd, 'install', readEngine());
  for (const words of ANALYSIS) works(words);
  works('demo -n 1 -o demo.html');
  for (const page of ['report.html', 'demo.html']) {
    assert.match(readFileSync(join(cwd, page), 'utf8'), /^<!doctype html>/i);
  }
  const closed = spawnSync('sh', ['-c', './node_modules/.bin/iotlb info guest.arrow >&-'], {
    cwd,
    encoding: 'utf8',
  });
  assert.equal(closed.status, 3);
  assert.match(closed.stderr, /^error: standard output: is not open; nothing was done\n$/);
  t.diagnostic(`${verbs.length} verbs`);
});

test(
  'a bundle for this machine runs without Node.js on the PATH',
  { timeout: 600_000, skip: process.arch === 'x64' ? false : 'the x64 bundle runs on x64' },
  (t) => {
    const scratch = sub('bundle-scratch');
    const kind = { arch: 'x64', contents: 'record-replay' } as const;
    const bundle = makeBundle(pack, kind, sub('bundle'), scratch);
    const cwd = sub('unpacked');
    assert.equal(
      spawnSync('tar', ['-xzf', bundle.path, '-C', cwd, '--strip-components=1']).status,
      0,
    );
    // What the launcher itself needs, and no node.
    const path = sub('path');
    for (const name of ['sh', 'dirname', 'readlink']) {
      const found = spawnSync('sh', ['-c', `command -v ${name}`], {
        encoding: 'utf8',
      }).stdout.trim();
      assert.equal(spawnSync('ln', ['-s', found, join(path, name)]).status, 0);
    }
    const iotlb = runner('./iotlb', cwd, path);
    copyFileSync(fixture('traces/vtd-fs-strict.log'), join(cwd, 'guest.log'));
    for (const words of ['--help', 'doctor', ...RECORD_AND_REPLAY]) {
      const said = iotlb(words);
      assert.equal(said.code, 0, `./iotlb ${words}: ${said.err}`);
    }
    assert.equal(iotlb('load guest.arrow --store db').code, 3);
    t.diagnostic(`${bundle.bytes} bytes`);
  },
);

const RECORD_AND_REPLAY: readonly string[] = [
  'import guest.log',
  'record --log guest.log -o recorded.arrow',
  'info guest.arrow',
  'scrub guest.arrow -o scrubbed.arrow',
  'generate -n 1000 -o generated.arrow',
  'merge guest.arrow guest.arrow:shift=5ms -o merged.arrow',
  'plan guest.arrow',
  'replay guest.arrow --asap -o result.arrow',
  'doctor',
];

const ANALYSIS: readonly string[] = [
  'load guest.arrow result.arrow --store db',
  'compare guest.arrow --asap -n 1 -o compared',
  'report result.arrow guest.arrow',
];

function readEngine(): string {
  const text = readFileSync(join(CHECKOUT, 'package.json'), 'utf8');
  const { devDependencies } = JSON.parse(text) as { devDependencies: Record<string, string> };
  return `chdb@${devDependencies.chdb}`;
}
