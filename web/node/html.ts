// ReportJson -> one HTML file that needs nothing else: data, script and style inside, no network by policy.
// Every text of the report reaches the page as data, never as markup.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

import type { ReportJson } from '../../analysis/report/schema.ts';
import { fileError, jsonText } from '../../collector/base/index.ts';

/** The page's script and style, as bundle.ts left them. */
interface PageAssets {
  readonly script: string;
  readonly style: string;
}

function loadAssets(): PageAssets {
  return { script: asset('page.js'), style: asset('page-style.css') };
}

function asset(name: string): string {
  try {
    return readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
  } catch (error) {
    throw fileError(
      error,
      `the report page's ${name}`,
      "Nothing was written; 'npm run build' makes it.",
    );
  }
}

export function reportHtml(report: ReportJson, assets: PageAssets = loadAssets()): string {
  const script = `\n${endsNowhere(assets.script, 'script')}`;
  const style = `\n${endsNowhere(assets.style, 'style')}`;
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy(script, style)}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="referrer" content="no-referrer">',
    `<meta name="generator" content="${escapeHtml(report.writer)}">`,
    '<link rel="icon" href="data:,">',
    `<title>${escapeHtml(report.title)} · iotlb</title>`,
    `<style>${style}</style>`,
    '</head>',
    '<body>',
    `<noscript>${withoutScript(report)}</noscript>`,
    `<script type="application/json" id="report">${inScript(report)}</script>`,
    `<script>${script}</script>`,
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

/** Only this very script and style run; nothing is loaded from anywhere, nothing is sent. */
function policy(script: string, style: string): string {
  const hash = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
}

/** JSON in which no character can end or open a script element. */
function inScript(report: ReportJson): string {
  return jsonText(report)
    .trimEnd()
    .replaceAll('<', '\\u003c')
    .replaceAll('>', '\\u003e')
    .replaceAll('\u2028', '\\u2028')
    .replaceAll('\u2029', '\\u2029');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/** The answer for readers that run no script, a mail preview among them. */
function withoutScript(report: ReportJson): string {
  const lines = [
    report.ran_on.text,
    report.headline.text,
    ...report.headline.details,
    ...report.trust.map((line) => `${line.level}: ${line.text}`),
    'Tables and charts need JavaScript; this file loads nothing from the network.',
  ];
  const paragraphs = lines.map((line) => `<p>${escapeHtml(line)}</p>`).join('');
  return `<h1>${escapeHtml(report.title)}</h1>${paragraphs}`;
}

/** Our own assets: a closing tag in them would be a fault of the build. */
function endsNowhere(text: string, tag: string): string {
  if (text.toLowerCase().includes(`</${tag}`)) throw new Error(`the page's ${tag} closes itself`);
  return text;
}
