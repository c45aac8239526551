// Man pages, one for the program and one for each verb, from the command table into dist/man. Part of `prepack`.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs'; // oxlint-disable-line no-restricted-imports -- no verb
import { join } from 'node:path';

import {
  EXIT_CODES,
  TOOL,
  buildProgram,
  commandTable,
  type Verb,
  type VerbEntry,
} from '../collector/base/index.ts';
import { CHECKOUT } from './pack.ts';

const FOLDER = join(CHECKOUT, 'dist', 'man');

function programPage(all: readonly VerbEntry[]): string {
  return page('iotlb', [
    section('NAME', [text('iotlb - record, replay and compare IOTLB invalidations of guests')]),
    section('SYNOPSIS', [text('iotlb <command> [options]')]),
    section(
      'COMMANDS',
      all.map((verb) => tagged(`iotlb-${verb.name}(1)`, verb.summary)),
    ),
    exitStatus(),
  ]);
}

function verbPage(verb: VerbEntry): string {
  return page(`iotlb-${verb.name}`, [
    section('NAME', [text(`iotlb-${verb.name} - ${verb.summary}`)]),
    section('SYNOPSIS', [text(verb.usage)]),
    ...(verb.arguments.length === 0
      ? []
      : [
          section(
            'ARGUMENTS',
            verb.arguments.map((one) => tagged(one.name, one.description)),
          ),
        ]),
    section(
      'OPTIONS',
      verb.options.map(({ flags, description, fallback }) =>
        tagged(
          flags,
          fallback === undefined ? description : `${description} (default: ${fallback})`,
        ),
      ),
    ),
    ...(verb.notes === '' ? [] : [section('NOTES', [asItStands(verb.notes)])]),
    exitStatus(),
    section('SEE ALSO', [text('iotlb(1)')]),
  ]);
}

const exitStatus = (): string => section('EXIT STATUS', [asItStands(EXIT_CODES.trim())]);

function page(name: string, sections: readonly string[]): string {
  const head = `.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "" "${TOOL.name} ${TOOL.version}" "User Commands"`;
  return `${[head, ...sections].join('\n')}\n`;
}

const section = (title: string, parts: readonly string[]): string =>
  [`.SH ${title}`, ...parts].join('\n');

const tagged = (tag: string, description: string): string =>
  `.TP\n.B ${text(tag)}\n${text(description)}`;

const asItStands = (lines: string): string =>
  `.nf\n${lines
    .split('\n')
    .map((line) => text(line))
    .join('\n')}\n.fi`;

/** Text that roff prints as it is: no control line, no escape, hyphens that can be copied. */
function text(line: string): string {
  return line
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^(?=[.'])/, '\\&');
}

// The table lies above every part of the program, this one too: it is there once all is built.
const { verbs } = (await import(new URL('../verbs.js', import.meta.url).href)) as {
  readonly verbs: readonly Verb[];
};
const table = commandTable(await buildProgram(verbs, 'all'));
rmSync(FOLDER, { recursive: true, force: true });
mkdirSync(FOLDER, { recursive: true });
writeFileSync(join(FOLDER, 'iotlb.1'), programPage(table));
for (const verb of table) writeFileSync(join(FOLDER, `iotlb-${verb.name}.1`), verbPage(verb));
