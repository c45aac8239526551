// The linter enforces which folder of replayer/ may import which (.oxlintrc.json). Here: that it says so for
// every folder, that what it allows has no circle, and that replayer/README.md says the same.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
/** The only folder that may import every other, and that none imports. */
const TOP = 'cli';

interface Override {
  readonly files: readonly string[];
  readonly rules: {
    readonly 'no-restricted-imports'?: readonly [
      string,
      { readonly patterns: readonly [{ readonly regex: string }] },
    ];
  };
}

const { overrides } = JSON.parse(readFileSync(join(ROOT, '.oxlintrc.json'), 'utf8')) as {
  readonly overrides: readonly Override[];
};
const folders = readdirSync(join(ROOT, 'replayer'), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

function allowedTo(folder: string): readonly string[] {
  const rule = overrides.find(({ files }) => files[0] === `replayer/${folder}/**`);
  const regex = rule?.rules['no-restricted-imports']?.[1].patterns[0].regex;
  assert.ok(regex !== undefined, `.oxlintrc.json says nothing of replayer/${folder}`);
  const forbidden = new RegExp(regex);
  const isForbidden = (other: string): boolean => {
    const plain = forbidden.test(`../${other}/index.ts`);
    assert.equal(forbidden.test(`../../${other}/index.ts`), plain, 'from a folder inside it too');
    return plain;
  };
  return folders.filter((other) => other !== folder && !isForbidden(other));
}

test('every folder of the replayer may import only folders below it', () => {
  const below = new Map(
    folders.filter((folder) => folder !== TOP).map((folder) => [folder, allowedTo(folder)]),
  );
  const placed = new Set<string>();
  while (placed.size < below.size) {
    const next = [...below].find(
      ([folder, names]) => !placed.has(folder) && names.every((name) => placed.has(name)),
    );
    const left = [...below.keys()].filter((folder) => !placed.has(folder));
    assert.ok(next !== undefined, `a circle, or one that imports ${TOP}: ${left.join(', ')}`);
    placed.add(next[0]);
  }
});

test('strategies, dialects and verdict know nothing of each other', () => {
  const apart = ['strategies', 'dialects', 'verdict'];
  for (const folder of apart)
    assert.deepEqual(
      allowedTo(folder).filter((name) => name !== 'steps'),
      [],
      folder,
    );
});

test('replayer/README.md names every folder', () => {
  const text = readFileSync(join(ROOT, 'replayer/README.md'), 'utf8');
  for (const folder of folders) assert.match(text, new RegExp(`^\\| \`${folder}/\` \\|`, 'm'));
});
