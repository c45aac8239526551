// Completion and man pages say what the program takes: each is compared with every verb's own help, and the
// scripts are run by the shells they are for.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { CHECKOUT } from '../../packaging/pack.ts';
import { iotlb } from '../support/cli.ts';

interface HelpOfVerb {
  readonly name: string;
  readonly options: readonly string[];
}

/** Read from the printed help, not from the table that completion is made from. */
const verbs: readonly HelpOfVerb[] = [...iotlb(['--help']).out.matchAll(/^ {2}([a-z-]+) .*$/gm)]
  .map((found) => found[1])
  .filter((name) => name !== 'help')
  .map((name) => {
    const { out } = iotlb([name, '--help']);
    const lines = [...out.matchAll(/^ {2}(?:(-\w), )?(--[\w-]+)/gm)];
    return { name, options: lines.flatMap(([, short, long]) => [short, long]).filter(Boolean) };
  });

const hasProgram = (name: string): boolean =>
  spawnSync('sh', ['-c', `command -v ${name}`]).status === 0;

/** Where CI runs, a shell that is missing is a failure. */
const skipWithout = (name: string): string | false =>
  hasProgram(name) || (process.env.CI ?? '') !== '' ? false : `${name} is not installed`;

function script(shell: string): string {
  const said = iotlb(['completion', shell]);
  assert.equal(said.code, 0, said.err);
  return said.out;
}

test('the help was read', () => {
  assert.ok(verbs.length >= 15);
  for (const verb of verbs) assert.ok(verb.options.includes('--help'), verb.name);
});

test('bash completes every verb and every option, and file names after them', () => {
  const ask = (words: readonly string[]): readonly string[] => {
    const line = words.map((word) => `'${word}'`).join(' ');
    const code = `eval "$1"; COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _iotlb; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const done = spawnSync('bash', ['-c', code, 'bash', bash], { encoding: 'utf8' });
    assert.equal(done.stderr, '');
    return done.stdout.split('\n').filter((word) => word !== '');
  };
  const bash = script('bash');
  const names = ask(['iotlb', '']);
  for (const { name, options } of verbs) {
    assert.ok(names.includes(name), name);
    assert.deepEqual([...ask(['iotlb', name, '-'])].sort(), [...options].sort(), name);
  }
  assert.deepEqual(ask(['iotlb', 'rep']), ['replay', 'report']);
  assert.deepEqual(ask(['iotlb', 'replay', 'rec.arrow', '--out']), ['--output']);
  assert.deepEqual(ask(['iotlb', 'replay', '--output', 'x']), []);
  assert.deepEqual(ask(['iotlb', 'completion', 'z']), ['zsh']);
});

test('fish completes every verb and every option', { skip: skipWithout('fish') }, () => {
  const fish = script('fish');
  const ask = (line: string): readonly string[] => {
    const done = spawnSync('fish', ['-c', `${fish}\ncomplete -C ${JSON.stringify(line)}`], {
      encoding: 'utf8',
    });
    assert.equal(done.stderr, '');
    return done.stdout.split('\n').map((found) => found.split('\t')[0]);
  };
  const names = ask('iotlb ');
  for (const { name, options } of verbs) {
    assert.ok(names.includes(name), name);
    const found = [...ask(`iotlb ${name} -`), ...ask(`iotlb ${name} --`)];
    for (const option of options) assert.ok(found.includes(option), `${name} ${option}`);
  }
});

test(
  'zsh takes the script, and every verb and option stands in it',
  { skip: skipWithout('zsh') },
  () => {
    const zsh = script('zsh');
    const code = `autoload -Uz compinit; compinit -u -D; eval "$1"; print $_comps[iotlb]`;
    const done = spawnSync('zsh', ['-f', '-c', code, 'zsh', zsh], { encoding: 'utf8' });
    assert.equal(`${done.stdout}${done.stderr}`, '_iotlb\n');
    for (const { name, options } of verbs) {
      const [, part = ''] = zsh.split(`    ${name}) _arguments`);
      const own = part.slice(0, part.indexOf(';;'));
      for (const option of options) assert.ok(own.includes(`'*${option}[`), `${name} ${option}`);
    }
  },
);

test('each verb has a man page that names every option', { skip: skipWithout('mandoc') }, () => {
  const made = spawnSync(process.execPath, [join(CHECKOUT, 'dist', 'packaging', 'manual.js')], {
    encoding: 'utf8',
  });
  assert.equal(made.status, 0, made.stderr);
  const folder = join(CHECKOUT, 'dist', 'man');
  const wanted = ['iotlb.1', ...verbs.map(({ name }) => `iotlb-${name}.1`)];
  assert.deepEqual(readdirSync(folder).sort(), [...wanted].sort());
  const lint = spawnSync('mandoc', ['-T', 'lint', '-W', 'warning', ...wanted], {
    cwd: folder,
    encoding: 'utf8',
  });
  // A date would make the same sources give other bytes.
  const warnings = lint.stdout.split('\n').filter((line) => !line.includes('missing date'));
  assert.deepEqual(warnings, ['']);
  for (const { name, options } of verbs) {
    const page = spawnSync('mandoc', ['-T', 'utf8', `iotlb-${name}.1`], {
      cwd: folder,
      encoding: 'utf8',
    });
    // Bold is a character, a backspace and the character again.
    const text = page.stdout
      .split('\b')
      .map((part, i, parts) => (i + 1 < parts.length ? part.slice(0, -1) : part))
      .join('');
    for (const option of options) assert.ok(text.includes(option), `${name} ${option}`);
  }
  const program = readFileSync(join(folder, 'iotlb.1'), 'utf8');
  for (const { name } of verbs)
    assert.ok(program.includes(`iotlb\\-${name.replaceAll('-', '\\-')}(1)`), name);
});
