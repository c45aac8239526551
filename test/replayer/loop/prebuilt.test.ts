// The prebuilt native loops: made from the sources beside them, by the compilers named beside them, and loadable
// on systems as old as Debian 11.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import {
  COMPILER_NOTE,
  TARGETS,
  buildNative,
  compilerVersion,
} from '../../../replayer/loop/native/build.ts';
import { libraryPath, openLibrary } from '../../../replayer/loop/native/library.ts';
import { folderFor } from '../../support/cli.ts';

const OLDEST_GLIBC = 31; // 2.31: Debian 11, Ubuntu 20.04

const readelf = (args: readonly string[]): string => {
  const { stdout, status, stderr } = spawnSync('readelf', args, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
  return stdout;
};

const hasReadelf = spawnSync('readelf', ['--version']).status === 0;

/** Functions that the library offers, by name. */
function exported(path: string): readonly string[] {
  const lines = readelf(['--dyn-syms', '-W', path]).split('\n');
  const names = lines.flatMap((line) => {
    const [, , , type, , , section, name] = line.trim().split(/\s+/);
    return type === 'FUNC' && section !== 'UND' ? [name] : [];
  });
  return names.sort();
}

for (const target of TARGETS) {
  const path = libraryPath(target.platform, target.arch);

  test(`${target.arch}: the prebuilt file is what its sources make`, (t) => {
    if (!hasReadelf) return t.skip('readelf is missing');
    const version = compilerVersion(target.compiler);
    if (version === undefined) return t.skip(`${target.compiler} is missing`);
    const built = join(folderFor(t), 'built.so');
    buildNative(target, built);
    const note = readFileSync(COMPILER_NOTE, 'utf8');
    // Byte for byte where the compiler is the one that is named beside the file, by its functions otherwise.
    if (note.includes(`${target.arch}: ${version}\n`))
      assert.ok(readFileSync(built).equals(readFileSync(path)), 'run npm run build:native');
    assert.deepEqual(exported(built), exported(path));
  });

  test(`${target.arch}: it needs no C library younger than 2.${OLDEST_GLIBC}`, (t) => {
    if (!hasReadelf) return t.skip('readelf is missing');
    const versions = [...readelf(['-V', path]).matchAll(/GLIBC_(\d+)\.(\d+)/g)];
    assert.ok(versions.length > 0);
    for (const [name, major, minor] of versions)
      assert.ok(Number(major) === 2 && Number(minor) <= OLDEST_GLIBC, name);
  });
}

test('a library that is not there, or is none, names the command that builds it', (t) => {
  const folder = folderFor(t);
  const said = (script: string): string =>
    spawnSync(
      process.execPath,
      ['dist/main.js', 'replay', 'collector/samples/vtd-fs-strict-2s.arrow'],
      {
        encoding: 'utf8',
        env: { ...process.env, IOTLB_LOOP_LIBRARY: script },
      },
    ).stderr;
  for (const path of [join(folder, 'none.so'), 'package.json'])
    assert.match(said(path), /can't be loaded: .*Nothing was issued.*npm run build:native/s);
});

test('the library that is loaded here is of this layout', () => {
  assert.equal(typeof openLibrary().run, 'function');
});
