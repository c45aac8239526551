// What may not be written or read is refused before anything is touched: a table of outputs and inputs with
// their exit codes. After each refusal the folder is as it was, to the inode.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { SAMPLE, folderFor, iotlb } from '../support/cli.ts';
import { fixture } from '../support/fixtures.ts';

type Row = readonly [args: string, code: number, message: RegExp];

/** A device node of our own where we may make one: a tool that replaces it does no harm. */
function device(folder: string): string {
  const own = join(folder, 'device');
  return spawnSync('mknod', [own, 'c', '1', '7']).status === 0 ? own : '/dev/full';
}

/** Everything in `folder` that a write could change. */
function state(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => {
      const { ino, mode, size, mtimeMs, nlink } = lstatSync(join(folder, name));
      return [name, ino, mode, size, mtimeMs, nlink].join(' ');
    });
}

async function scene(t: Parameters<typeof folderFor>[0]): Promise<string> {
  const folder = folderFor(t);
  copyFileSync(SAMPLE, join(folder, 'rec.arrow'));
  copyFileSync(fixture('traces/vtd-fs-strict.log'), join(folder, 'guest.log'));
  linkSync(join(folder, 'rec.arrow'), join(folder, 'hard.arrow'));
  symlinkSync('rec.arrow', join(folder, 'soft.arrow'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  symlinkSync(device(folder), join(folder, 'to-device'));
  mkdirSync(join(folder, 'full-folder'));
  writeFileSync(join(folder, 'full-folder', 'kept'), 'kept');
  writeFileSync(join(folder, 'kept'), 'kept');
  writeFileSync(join(folder, 'empty'), '');
  spawnSync('mkfifo', [join(folder, 'fifo')]);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(folder, 'socket'), resolve));
  t.after(() => server.close());
  return folder;
}

/** Every verb that writes a file, as far as its output. */
const WRITERS = [
  'import guest.log',
  'record --log guest.log',
  'scrub rec.arrow',
  'cut rec.arrow --end 1s',
  'merge rec.arrow rec.arrow:shift=5ms',
  'generate -n 100',
  'replay rec.arrow --asap',
  'model rec.arrow -r rec.arrow',
  'report rec.arrow',
  'demo -n 1',
] as const;

function outputs(folder: string): readonly Row[] {
  const node = device(folder);
  return [
    ...WRITERS.flatMap((verb): readonly Row[] => [
      [`${verb} -o ${node} --force`, 2, /is a device, and only regular files are written/],
      [`${verb} -o kept`, 2, /kept: exists already and was left as it is/],
    ]),
    ['import guest.log -o fifo --force', 2, /is a FIFO/],
    ['replay rec.arrow --asap -o fifo --force', 2, /is a FIFO/],
    ['scrub rec.arrow -o socket --force', 2, /is a socket/],
    ['merge rec.arrow -o full-folder --force', 2, /is a folder/],
    ['generate -n 100 -o to-device --force', 2, /is a device/],
    ['report rec.arrow -o dangling --force', 2, /is a link that leads nowhere/],
    ['import guest.log -o -', 2, /not written to standard output/],
    ['import guest.log -o full-folder/', 2, /is no name of a file/],
    ['scrub rec.arrow -o none/x.arrow', 2, /there is no folder none\. Nothing was written/],
    ['import guest.log -o guest.log --force', 2, /is the same file as the input guest\.log/],
    ['record --log guest.log -o guest.log --force', 2, /is the same file as the input/],
    ['scrub rec.arrow -o rec.arrow --force', 2, /is the same file as the input rec\.arrow/],
    ['scrub rec.arrow -o hard.arrow --force', 2, /is the same file as the input/],
    ['scrub rec.arrow -o soft.arrow --force', 2, /is the same file as the input/],
    ['scrub soft.arrow -o rec.arrow --force', 2, /is the same file as the input soft\.arrow/],
    [
      'scrub rec.arrow --passphrase-file kept -o kept --force',
      2,
      /is the same file as the input kept/,
    ],
    ['merge guest.log rec.arrow:times=2 -o rec.arrow --force', 2, /is the same file as the input/],
    ['generate --like rec.arrow -o rec.arrow --force', 2, /is the same file as the input/],
    ['replay rec.arrow --asap -o rec.arrow --force', 2, /is the same file as the input/],
    ['model rec.arrow -r rec.arrow -o hard.arrow --force', 2, /is the same file as the input/],
    ['report kept -o kept --force', 2, /is the same file as the input/],
    ['import full-folder -o full-folder/kept --force', 2, /is the same file as the input/],
    ['compare rec.arrow --asap -n 1 -o kept', 2, /is a file, and a folder is needed/],
    ['compare rec.arrow --asap -n 1 -o full-folder', 2, /holds files already/],
    ['demo -n 1 --keep full-folder', 2, /holds files already/],
  ];
}

const INPUTS: readonly Row[] = [
  ['info fifo', 4, /is a FIFO; a recording is read from a regular file/],
  ['plan socket', 4, /is a socket/],
  ['info to-device', 4, /is a device/],
  ['replay full-folder', 4, /holds no recording/],
  ['info none.arrow', 4, /no such file/],
  ['info guest.log', 4, /not an iotlb recording/],
  ['scrub empty -o new.arrow', 4, /empty|not an iotlb recording/],
  ['merge rec.arrow fifo -o new.arrow', 4, /is a FIFO/],
  ['import to-device -o new.arrow', 4, /is a device; a log is read from a file/],
  ['import empty -o new.arrow', 4, /is empty/],
  ['report none.json -o new.html', 4, /no such file/],
];

test(
  'an output or input that may not be used is refused with its exit code, everything untouched',
  { timeout: 300_000 },
  async (t) => {
    const cwd = await scene(t);
    const rows = [...outputs(cwd), ...INPUTS];
    assert.ok(rows.length >= 30);
    const before = state(cwd);
    for (const [args, code, message] of rows) {
      const said = iotlb(args.split(' '), { cwd });
      assert.equal(said.code, code, `iotlb ${args}: ${said.err}`);
      assert.match(said.err, message, `iotlb ${args}`);
      assert.doesNotMatch(said.err, /\n\s+at /, `iotlb ${args}: a stack`);
      assert.deepEqual(state(cwd), before, `iotlb ${args}`);
    }
    assert.deepEqual(readFileSync(join(cwd, 'rec.arrow')), readFileSync(SAMPLE));
  },
);

test('every verb with an output file stands in the table', () => {
  const verbs = [...iotlb(['--help']).out.matchAll(/^ {2}([a-z-]+) .*$/gm)].map(
    (found) => found[1],
  );
  const writers = verbs.filter((verb) => {
    const { out } = iotlb([verb, '--help']);
    return /-o, --output <file>/.test(out);
  });
  const inTable = new Set(WRITERS.map((words) => words.split(' ')[0]));
  assert.deepEqual(
    writers.filter((verb) => !inTable.has(verb)),
    [],
  );
});

test('standard input is an input: its file is not replaced', async (t) => {
  const cwd = await scene(t);
  const before = state(cwd);
  const said = shell(cwd, `$IOTLB import - -o guest.log --force < guest.log`);
  assert.equal(said.status, 2, said.stderr);
  assert.match(said.stderr, /same file as the input on standard input/);
  assert.deepEqual(state(cwd), before);
});

test('--force replaces the file that a link names, and leaves the link', async (t) => {
  const cwd = await scene(t);
  symlinkSync('kept', join(cwd, 'to-kept'));
  const said = iotlb(['scrub', 'rec.arrow', '-o', 'to-kept', '--force'], { cwd });
  assert.equal(said.code, 0, said.err);
  assert.ok(lstatSync(join(cwd, 'to-kept')).isSymbolicLink());
  assert.equal(iotlb(['info', 'kept'], { cwd }).code, 0);
});

test('standard output that is full or not open for writing ends with one line and exit code 3', async (t) => {
  const cwd = await scene(t);
  const rows: readonly (readonly [string, RegExp])[] = [
    ['$IOTLB info rec.arrow > /dev/full', /standard output: no space left to write/],
    ['$IOTLB info --json rec.arrow > /dev/full', /standard output: no space left to write/],
    ['$IOTLB --help > /dev/full', /standard output: no space left to write/],
    ['$IOTLB plan --list > /dev/full', /standard output: no space left to write/],
    ['$IOTLB info rec.arrow 1< /dev/null', /standard output: is not open for writing/],
  ];
  for (const [command, message] of rows) {
    const said = shell(cwd, command);
    assert.equal(said.status, 3, `${command}: ${said.stderr}`);
    assert.match(said.stderr, message, command);
    assert.equal(said.stderr.trimEnd().split('\n').length, 1, said.stderr);
  }
});

test('a reader that went away ends the command silently with exit code 0', async (t) => {
  const cwd = await scene(t);
  for (const reader of ['head -1', 'true']) {
    const said = shell(cwd, `$IOTLB info --json rec.arrow | ${reader}; exit \${PIPESTATUS[0]}`);
    assert.equal(said.status, 0, said.stderr);
    assert.equal(said.stderr, '');
  }
  const said = shell(cwd, '$IOTLB plan rec.arrow -q 2> /dev/full');
  assert.equal(said.status, 0, 'a full stderr loses messages, nothing else');
});

test('an unknown verb ends with exit code 2, whatever flags follow', () => {
  for (const args of [
    'serve',
    'serve --help',
    '--help serve',
    'serve -V',
    'help serve',
    'Info -h',
  ]) {
    const said = iotlb(args.split(' '));
    assert.equal(said.code, 2, args);
    assert.match(said.err, /there is no command '(?:serve|Info)'/);
    assert.equal(said.out, '');
  }
});

function shell(cwd: string, command: string): { status: number | null; stderr: string } {
  const main = new URL('../../main.js', import.meta.url).pathname;
  const env = { ...process.env, IOTLB: `${process.execPath} ${main}`, NO_COLOR: '1' };
  return spawnSync('bash', ['-c', command], { cwd, env, encoding: 'utf8' });
}
