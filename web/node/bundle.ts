// Build step: the page's sources and uPlot -> dist/web/page.js and page-style.css, which html.ts puts into each
// report. Runs when the project is built; a report is written without esbuild.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** uPlot's licence asks that its notice goes with every copy: it opens the script of every report. */
function chartLicence(): string {
  const main = createRequire(import.meta.url).resolve('uplot');
  const text = readFileSync(join(dirname(main), '..', 'LICENSE'), 'utf8');
  return `/*! uPlot, https://github.com/leeoniya/uPlot\n\n${text.trim()}\n*/`;
}

await build({
  absWorkingDir: root,
  entryPoints: { page: 'web/page/main.ts', 'page-style': 'web/page/page.css' },
  outdir: 'dist/web',
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022', 'chrome111', 'firefox113', 'safari16.4'],
  charset: 'utf8',
  legalComments: 'none',
  banner: { js: chartLicence() },
  logLevel: 'warning',
});
