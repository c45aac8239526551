// Comments cite docs/spec.md and docs/design.md by section. Each citation must have its heading, and each link
// between documents its file and its heading, so that whoever follows one finds it.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const listed = spawnSync('git', ['ls-files', '*.ts', '*.md', '*.c', '*.h', '*.js', '*.sh'], {
  cwd: ROOT,
  encoding: 'utf8',
});
const files = listed.stdout
  .split('\n')
  .filter((name) => name !== '' && existsSync(join(ROOT, name)));
const textOf = (name: string): string => readFileSync(join(ROOT, name), 'utf8');

/** A heading's number: `2.8` of `### 2.8 VT-d entries`. */
function sections(document: string): ReadonlySet<string> {
  const found = textOf(document).matchAll(/^#{2,4} (\d+(?:\.\d+)*)\.? /gm);
  return new Set([...found].map(([, number]) => number));
}

/** `spec 2.8`, `(spec 2.9, 4.3, 4.6)`, `spec 2.8–2.9`, `design 6 and 7`, `design §13`: the numbers of each. */
function citedSections(text: string, document: 'spec' | 'design'): readonly string[] {
  const number = String.raw`§? ?\d+(?:\.\d+)*`;
  const joined = new RegExp(
    String.raw`\b${document}[ -]${number}(?:(?:, | and |–|-)${number}(?![\w-]))*`,
    'gi',
  );
  return [...text.matchAll(joined)].flatMap(([all]) => all.match(/\d+(?:\.\d+)*/g) ?? []);
}

test('every section of the spec and the design that the code cites has a heading', (t) => {
  if (files.length === 0) return t.skip('no git checkout to list the files of');
  const known = { spec: sections('docs/spec.md'), design: sections('docs/design.md') };
  let cited = 0;
  const lost: string[] = [];
  for (const name of files.filter((each) => each !== 'test/docs/citations.test.ts')) {
    const text = textOf(name);
    for (const document of ['spec', 'design'] as const) {
      for (const number of citedSections(text, document)) {
        cited++;
        if (!known[document].has(number)) lost.push(`${name}: ${document} ${number}`);
      }
    }
  }
  assert.deepEqual(lost, []);
  assert.ok(cited > 80, `${cited} citations found: the pattern no longer finds them`);
});

test('a citation is read with all its numbers', () => {
  assert.deepEqual(citedSections('(spec 2.9, 4.3, 4.6). Rebuilt', 'spec'), ['2.9', '4.3', '4.6']);
  assert.deepEqual(citedSections('(design 2, spec 1.5 and 7.6).', 'spec'), ['1.5', '7.6']);
  assert.deepEqual(citedSections('waits (spec 2.8–2.9)', 'spec'), ['2.8', '2.9']);
  assert.deepEqual(citedSections('see design §13', 'design'), ['13']);
  assert.deepEqual(citedSections('in 4 designs', 'design'), []);
});

test('every link between documents has its file, and its heading where it names one', (t) => {
  if (files.length === 0) return t.skip('no git checkout to list the files of');
  const lost: string[] = [];
  for (const name of files.filter((each) => each.endsWith('.md'))) {
    for (const [, target] of textOf(name).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const [path, heading] = target.split('#');
      const file = path === '' ? name : relative(ROOT, join(ROOT, dirname(name), path));
      if (!existsSync(join(ROOT, file))) lost.push(`${name}: ${target}`);
      else if (heading !== undefined && !anchors(file).has(heading))
        lost.push(`${name}: ${target}`);
    }
  }
  for (const name of files) {
    for (const [, document, heading] of textOf(name).matchAll(/\b(docs\/\w+\.md)#([\w-]+)/g)) {
      if (existsSync(join(ROOT, document)) && !anchors(document).has(heading)) {
        lost.push(`${name}: ${document}#${heading}`);
      }
    }
  }
  assert.deepEqual(lost, []);
});

/** The names by which headings are linked: lower case, without punctuation, dashes for spaces. */
function anchors(document: string): ReadonlySet<string> {
  return new Set(
    [...textOf(document).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}
