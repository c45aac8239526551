// `npm test`: runs every compiled *.test.js with node's own runner, named one by one (given a folder,
// Node 20 would run helpers as tests). Words after it pick files whose path contains one of them.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(fileURLToPath(import.meta.url));
const wanted = process.argv.slice(2);
const files = readdirSync(root, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.test.js'))
  .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)))
  .sort((a, b) => a.localeCompare(b))
  .map((name) => relative(process.cwd(), join(root, name)));

if (files.length === 0) {
  process.stderr.write(`no test file matches ${wanted.join(' ')}\n`);
  process.exitCode = 2;
} else {
  const args = ['--enable-source-maps', '--test', '--test-reporter=spec', ...files];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
