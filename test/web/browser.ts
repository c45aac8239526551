// A headless Chromium for page tests: from CHROMIUM or where Debian puts it; tests skip where there is none.
// Opens pages from files and keeps every request they make.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';

import { chromium, type Browser, type Page } from 'playwright-core';

import type { ReportJson } from '../../analysis/report/schema.ts';
import { reportHtml } from '../../web/node/html.ts';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--no-first-run',
];

const path = [process.env.CHROMIUM, ...PLACES].find(
  (place) => place !== undefined && place !== '' && existsSync(place),
);

/** For `{ skip }` of a test: the reason, or false where there is a browser. */
export const noBrowser: string | false =
  path === undefined ? 'no Chromium here: install it or name it in CHROMIUM' : false;

export interface OpenOptions {
  readonly width?: number;
  readonly scheme?: 'light' | 'dark';
  readonly fragment?: string;
}

export interface Opened {
  readonly page: Page;
  /** Addresses asked for besides the document itself. */
  readonly requests: readonly string[];
  /** Errors thrown or logged by the page, policy violations among them. */
  readonly faults: readonly string[];
}

/** One browser for a test file. Call at its top level. */
export function useBrowser(): (
  folder: string,
  report: ReportJson,
  options?: OpenOptions,
) => Promise<Opened> {
  let browser: Browser | undefined;
  before(async () => {
    if (path !== undefined) browser = await chromium.launch({ executablePath: path, args: FLAGS });
  });
  after(async () => {
    await browser?.close();
  });
  return async (folder, report, options = {}) => {
    if (browser === undefined) throw new Error('the test should have skipped');
    const { width = 1280, scheme = 'light', fragment = '' } = options;
    const file = join(folder, 'report.html');
    writeFileSync(file, reportHtml(report));
    const address = pathToFileURL(file).href;
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme: scheme });
    const requests: string[] = [];
    const faults: string[] = [];
    await page.route(/^(https?|wss?|ftp):/, (route) => route.abort());
    page.on('request', (request) => {
      if (!request.url().startsWith(address)) requests.push(request.url());
    });
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') faults.push(message.text());
    });
    await page.goto(`${address}${fragment}`);
    await page.locator('html[data-ready]').waitFor();
    return { page, requests, faults };
  };
}

/** How many colours a chart's canvas shows: 1 is a blank one. */
export async function coloursOf(page: Page, chart: string): Promise<number> {
  return page.evaluate<number>(`(() => {
    const canvas = document.querySelector('#iot-chart-${chart} canvas');
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
    return new Set(new Uint32Array(data.buffer)).size;
  })()`);
}
