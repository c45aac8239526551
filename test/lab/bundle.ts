// The project's command as two files for the guests: an emulated CPU spends most of its time opening and
// linking modules over 9p, and this halves it. The same code as dist/main.js, made from it.

import { join } from 'node:path';
import { build } from 'esbuild';
import { checkout } from './cache.ts';

/** Three folders below the checkout, as the files it is made of: relative addresses keep their meaning. */
const FOLDER = join(checkout, 'dist', 'lab', 'guest');

/** Bundles what dist holds; answers with the command's file. */
export async function bundleCommand(): Promise<string> {
  await build({
    entryPoints: ['main.js', 'replayer/loop/worker.js'].map((name) => join(checkout, 'dist', name)),
    entryNames: '[name]',
    outdir: FOLDER,
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi', 'chdb', 'esbuild'],
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module'; const require = bundleRequire(import.meta.url);",
    },
    logLevel: 'error',
  });
  return join(FOLDER, 'main.js');
}
