// `iotlb report`: one file, whole or not at all, and errors that say what is wrong with the input.

import assert from 'node:assert/strict';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { REPORT_VERSION } from '../../../analysis/report/schema.ts';
import { reportHtml } from '../../../web/node/html.ts';
import { folderFor, iotlb, type Said } from '../../support/cli.ts';
import { sampleReport } from '../sample-report.ts';

interface Tried {
  readonly said: Said;
  readonly folder: string;
}

function report(t: { after(done: () => void): void }, text: string, ...flags: string[]): Tried {
  const folder = folderFor(t);
  writeFileSync(join(folder, 'in.json'), text);
  return { said: iotlb(['report', 'in.json', ...flags], { cwd: folder }), folder };
}

test('report: writes one HTML file and answers with its name', (t) => {
  const { said, folder } = report(t, JSON.stringify(sampleReport()), '-o', 'out.html');
  assert.equal(said.code, 0, said.err);
  assert.equal(said.out, 'out.html\n');
  assert.deepEqual(readdirSync(folder).sort(), ['in.json', 'out.html']);
  assert.match(readFileSync(join(folder, 'out.html'), 'utf8'), /^<!doctype html>/);
});

test('report: does not overwrite unless forced', (t) => {
  const { said: once, folder } = report(t, JSON.stringify(sampleReport()), '-o', 'out.html');
  assert.equal(once.code, 0, once.err);
  const said = iotlb(['report', 'in.json', '-o', 'out.html'], { cwd: folder });
  assert.equal(said.code, 2);
  assert.match(said.err, /--force/);
  const forced = iotlb(['report', 'in.json', '-o', 'out.html', '--force'], { cwd: folder });
  assert.equal(forced.code, 0, forced.err);
});

test('report: refuses a newer format kindly', (t) => {
  const newer = { ...sampleReport(), version: REPORT_VERSION + 1, strategies: 'unknown by then' };
  const { said, folder } = report(t, JSON.stringify(newer));
  assert.equal(said.code, 4);
  assert.match(said.err, /in\.json: written in report format 3; this reads up to 2/);
  assert.deepEqual(readdirSync(folder), ['in.json']);
});

for (const [what, text, message] of [
  ['text that is not JSON', 'not json', /not a report/],
  ['JSON of something else', '{"format":"iotlb-result"}', /not a report/],
  ['null', 'null', /not a report/],
  [
    'a report with a field missing',
    JSON.stringify({ ...sampleReport(), trust: undefined }),
    /in\.json: trust: /,
  ],
] as const) {
  test(`report: says what is wrong with ${what}`, (t) => {
    const { said, folder } = report(t, text);
    assert.equal(said.code, 4);
    assert.match(said.err, message);
    assert.deepEqual(readdirSync(folder), ['in.json']);
  });
}

test('report: a missing input is named', (t) => {
  const said = iotlb(['report', 'gone.json'], { cwd: folderFor(t) });
  assert.equal(said.code, 4);
  assert.match(said.err, /gone\.json: no such file/);
});

test('html: nothing in a report can leave its script element', () => {
  const hostile = '</SCRIPT><!--<script>\u2028 & "quotes"';
  const made = sampleReport({ hostile });
  const html = reportHtml(made);
  const data =
    /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(html)?.[1] ?? '';
  assert.doesNotMatch(data, /[<>\u2028]/);
  assert.deepEqual(JSON.parse(data), JSON.parse(JSON.stringify(made)));
  assert.equal(html.match(/<\/script>/gi)?.length, 2);
});

test("html: carries its policy, its chart library's licence, and an answer without script", () => {
  const html = reportHtml(sampleReport());
  assert.match(html, /default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'/);
  assert.doesNotMatch(html, /unsafe-inline|unsafe-eval/);
  assert.match(html, /The MIT License \(MIT\)[\s\S]+Leon Sorokin/);
  assert.match(
    html,
    /<noscript>.*lab kernel.*spends 82 % less time in ioctls than none.*<\/noscript>/,
  );
  assert.doesNotMatch(html, /(src|href)="(https?:)?\/\//);
});
