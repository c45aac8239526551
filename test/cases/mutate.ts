// Alters the text of a capture in ways that must not change what its whole lines say, and checks the law: every
// line is kept, lost or other, and every row that is kept is a row of the original.

import { gzipSync } from 'node:zlib';

import { ToolError } from '../../collector/base/index.ts';
import { readContent, type Row } from '../support/read-source.ts';
import { checksummedZstd } from '../support/zstd-checksum.ts';

/** Numbers from 0 to 1 that follow from `seed`. */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

const PREFIXES = [
  '(qemu) ',
  'vm.log:12:',
  '\u001b[01;31m\u001b[K',
  '\ufeff',
  '\0\0\0',
  'Nov 29 06:44:05.465175 host qemu-system-x86_64[1548]: ',
  '2026-11-22T06:21:17.244765123Z stderr F ',
  'guest1 | ',
  '<30>',
];

type Mutation = (lines: string[], random: () => number) => string[];

const pick = (count: number, random: () => number): number => Math.floor(random() * count);

/** By name: what is done to the lines. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'a prefix': (lines, random) => {
    const prefix = PREFIXES[pick(PREFIXES.length, random)];
    const from = pick(lines.length, random);
    const share = random();
    return lines.map((line, i) => (i >= from && random() < share ? prefix + line : line));
  },
  'a cut line': (lines, random) => {
    const at = pick(lines.length, random);
    return lines.with(at, lines[at].slice(0, pick(lines[at].length, random)));
  },
  'a line run into another': (lines, random) => {
    const at = pick(lines.length - 1, random);
    const cut = lines[at].slice(0, pick(lines[at].length, random));
    return [...lines.slice(0, at), cut + lines[at + 1], ...lines.slice(at + 2)];
  },
  'a letter altered': (lines, random) => {
    const at = pick(lines.length, random);
    const letters = [...lines[at].matchAll(/[g-wyzA-Z_=:@]/g)];
    if (letters.length === 0) return lines;
    const { index } = letters[pick(letters.length, random)];
    return lines.with(at, `${lines[at].slice(0, index)}~${lines[at].slice(index + 1)}`);
  },
  'a line left out': (lines, random) => lines.toSpliced(pick(lines.length, random), 1),
  'a foreign line': (lines, random) =>
    lines.toSpliced(pick(lines.length, random), 0, 'qemu: warning: nothing of ours'),
};

const CONTAINERS: readonly ((text: string) => Uint8Array)[] = [
  (text) => Buffer.from(text),
  (text) => gzipSync(Buffer.from(text)),
  (text) => checksummedZstd(Buffer.from(text)),
  (text) => Buffer.from(`\ufeff${text}`, 'utf16le'),
  (text) => gzipSync(gzipSync(Buffer.from(text))),
];

/** What makes a row what it is, whatever became of the lines around it. */
export function rowKey({ kind, domain, pasid, source, range, raw }: Row): string {
  return [kind, domain, pasid, source, range, raw].join(' ');
}

/** One mutation of `text`, from `seed`. Gives what is wrong, with what was done; undefined where the law holds. */
export async function mutateOnce(
  text: string,
  original: ReadonlyMap<string, number>,
  { seed, source }: { readonly seed: number; readonly source: string },
): Promise<string | undefined> {
  const random = randomFrom(seed * 7919 + 1);
  const names = Object.keys(MUTATIONS);
  const name = names[pick(names.length, random)];
  const lines = MUTATIONS[name](text.trimEnd().split('\n'), random);
  const container = pick(CONTAINERS.length, random);
  const where = `seed ${seed}, ${name}, container ${container}`;
  try {
    const run = await readContent(CONTAINERS[container](`${lines.join('\n')}\n`), source);
    const { seen, kept, lost } = run.losses.tally();
    if (seen !== kept + lost || kept !== run.rows.length)
      return `${where}: ${seen} seen, ${kept} kept, ${lost} lost, ${run.rows.length} rows`;
    const tally = run.lines;
    if (tally !== undefined && tally.seen !== tally.kept + tally.lost + tally.other)
      return `${where}: lines ${JSON.stringify(tally)}`;
    const left = new Map(original);
    for (const row of run.rows) {
      const key = rowKey(row);
      const count = left.get(key) ?? 0;
      // A command of an SMMU whose line of fields is gone names nothing: it says less, not something else.
      const isBare = [row.domain, row.pasid, row.source, row.range].every(
        (field) => field === undefined,
      );
      if (count === 0 && row.kind !== 'barrier' && !(isBare && row.raw === ''))
        return `${where}: made up ${key}`;
      left.set(key, count - 1);
    }
    return undefined;
  } catch (error) {
    return error instanceof ToolError ? undefined : `${where}: ${String(error)}`;
  }
}
