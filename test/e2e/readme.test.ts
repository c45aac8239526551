// The README's commands are run as they stand there, in order, on a real log.

import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { folderFor, iotlb } from '../support/cli.ts';
import { fixture } from '../support/fixtures.ts';

const README = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');

/** `iotlb …` lines of the README's code blocks, without their comments. `record` wants a running guest: it has tests of its own. */
const commands = [...README.matchAll(/^iotlb (.+?)\s*(?:#.*)?$/gm)]
  .map((found) => found[1])
  .filter((command) => !command.startsWith('record '));

test(
  'every command of the README does what it says, one after the other',
  { timeout: 600_000 },
  (t) => {
    assert.ok(commands.length >= 6);
    const cwd = folderFor(t);
    copyFileSync(fixture('qemu/vtd-legacy-strict.qemu.log.zst'), join(cwd, 'guest.log.zst'));
    for (const command of commands) {
      const args = command
        .split(' ')
        .flatMap((word) => (word.includes('*') ? expand(word, cwd) : [word]));
      const said = iotlb(args, { cwd });
      assert.equal(said.code, 0, `iotlb ${command}: ${said.err}`);
      assert.notEqual(said.out, '', `iotlb ${command} answers something`);
    }
    assert.ok(readdirSync(cwd).includes('report.html'));
  },
);

/** A shell's `folder-*` and what follows it. */
function expand(word: string, cwd: string): readonly string[] {
  const [folder, ...rest] = word.split('/');
  const start = folder.replace('*', '');
  return readdirSync(cwd)
    .filter((name) => name.startsWith(start))
    .map((name) => join(name, ...rest));
}
