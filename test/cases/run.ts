// Runs the product over one case and says what it answered and what is wrong with that.

import { existsSync } from 'node:fs';

import { ToolError } from '../../collector/base/index.ts';
import { fixture } from '../support/fixtures.ts';
import { kindsOf, readSource, type SourceRun } from '../support/read-source.ts';
import type { Case } from './cases.ts';

export interface CaseAnswer {
  /** In one line. */
  readonly answer: string;
  /** Undefined where the answer is right. */
  readonly wrong: string | undefined;
}

export function caseFile(file: string): string {
  const plain = fixture(`cases/${file}`);
  return existsSync(plain) ? plain : `${plain}.zst`;
}

export async function runCase(one: Case): Promise<CaseAnswer> {
  try {
    const run = await readSource(caseFile(one.file));
    return { answer: answerOf(run), wrong: wrongWith(one, run) };
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    const said = `${error.message} ${error.hint ?? ''}`;
    const isRight = one.refusal?.test(said) === true;
    return {
      answer: `refused: ${error.message.replace(/^.*\//, '')}`,
      wrong: isRight ? undefined : `refused with: ${said}`,
    };
  }
}

function answerOf({ rows, losses, facts }: SourceRun): string {
  const { lost, skipped } = losses.tally();
  const steps = facts.clockSteps?.length ?? 0;
  const more = [
    `${facts.streams.length} stream${facts.streams.length === 1 ? '' : 's'}`,
    `waits ${facts.barriers}`,
    ...(steps === 0 ? [] : [`${steps} clock step${steps === 1 ? '' : 's'}`]),
  ];
  return `${rows.length} rows, ${lost} lost, ${skipped} other; ${more.join(', ')}`;
}

function wrongWith(one: Case, run: SourceRun): string | undefined {
  if (one.refusal !== undefined) return 'was not refused';
  const { lost } = run.losses.tally();
  if (lost !== (one.lost ?? 0)) return `${lost} lost, not ${one.lost ?? 0}`;
  const kinds = kindsOf(run.rows);
  if (one.kinds !== undefined) {
    for (const kind of new Set([...Object.keys(one.kinds), ...Object.keys(kinds)])) {
      const [is, right] = [kinds[kind] ?? 0, one.kinds[kind] ?? 0];
      if (is !== right) return `${is} of ${kind}, not ${right}`;
    }
  }
  const lines = run.lines;
  if (lines !== undefined && lines.seen !== lines.kept + lines.lost + lines.other)
    return `${lines.seen} lines, but ${lines.kept} + ${lines.lost} + ${lines.other}`;
  return one.check?.(run);
}
