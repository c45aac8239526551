// axe-core finds nothing wrong, in both themes and both layouts, with everything opened.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import test from 'node:test';

import type { Page } from 'playwright-core';

import { folderFor } from '../support/cli.ts';
import { noBrowser, useBrowser } from './browser.ts';
import { sampleReport } from './sample-report.ts';

const open = useBrowser();
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string }[];
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  await page.evaluate(
    "document.querySelectorAll('details').forEach((each) => { each.open = true; })",
  );
  const found = await page.evaluate<Violation[]>('axe.run().then((result) => result.violations)');
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
}

for (const scheme of ['light', 'dark'] as const) {
  for (const width of [1280, 420]) {
    test(
      `page: has no accessibility fault, ${scheme}, ${width} px wide`,
      { skip: noBrowser },
      async (t) => {
        const { page } = await open(folderFor(t), sampleReport(), { scheme, width });
        assert.deepEqual(await violations(page), []);
      },
    );
  }
}
