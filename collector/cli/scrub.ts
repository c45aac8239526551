// `iotlb scrub`: a recording that is safe to send, and a list of what still stands in it.

import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';

import {
  Output,
  ToolError,
  fileError,
  formatCount,
  jsonText,
  type Terminal,
  type VerbModule,
} from '../base/index.ts';
import { fileDigest } from '../format/index.ts';
import { scrubTrace, type ScrubResult } from '../scrub/scrub.ts';

interface Options {
  readonly output: string;
  readonly key?: string;
  readonly rigid: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

/** Shorter keys could be guessed. */
const KEY_MIN_BYTES = 16;

const REMOVED = [
  'host, guest, kernel, CPU, command line',
  'names of streams, of the source file and its version',
  'absolute times and clock pairs',
  'raw words, but for the kind of command and its granule',
] as const;

const LAW = `
Every strategy plans the same steps, entries and pages for the scrubbed recording as for the original,
and so does every chain of them; only a chain that joins ranges after another widened them
(aligned+adjacent) can differ a little, because blocks of unrelated ranges may lie side by side in one
and not in the other. With --rigid that holds too, and more of the layout can be seen.`;

/** What a reader of the scrubbed file still learns. */
const REMAINS = [
  'order and spacing of events in time, and the clock resolution',
  'kinds, scopes, flags, submissions, guest CPU numbers',
  'sizes of ranges; which ranges are equal, overlap or touch; their alignment',
  'of any two addresses: the smallest aligned power-of-two block that holds both (its size, not its place)',
  'inside a cluster of touching ranges: all distances, and the address bits below its enclosing aligned block; other bits only where the key, which nobody has, left them',
  'the address bits from bit 47 up',
  'how many domains, PASIDs and sources there are and who asked for what; which id was 0',
  'the name of the source, the kind of IOMMU and its mode, losses, the digest of the original file',
] as const;

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<recording>', 'a recording')
    .requiredOption('-o, --output <file>', 'the scrubbed recording to write')
    .option(
      '--key <file>',
      `a file of at least ${KEY_MIN_BYTES} secret bytes: the same key scrubs the same way (default: a fresh key, thrown away)`,
    )
    .option(
      '--rigid',
      'move all addresses as one piece: for chains that join ranges again after widening them',
      false,
    )
    .option('--force', 'overwrite the output', false)
    .option('--json', 'print what was done as one JSON document', false)
    .addHelpText('after', LAW)
    .action((recording: string, options: Options) => {
      run(recording, options, terminal());
    });
};

function run(recording: string, options: Options, terminal: Terminal): void {
  const inputs = options.key === undefined ? [recording] : [recording, options.key];
  const output = new Output(options.output, { force: options.force, inputs });
  const key = options.key === undefined ? randomBytes(32) : readKey(options.key);
  const result = scrubTrace(recording, output, { key, rigid: options.rigid });
  const facts = {
    output: options.output,
    digest: fileDigest(options.output),
    events: result.end.events,
    clusters: result.clusters,
    domains: result.domains,
    pasids: result.pasids,
    sources: result.sources,
    key: options.key === undefined ? 'fresh, thrown away' : 'given',
    removed: REMOVED,
    remains: REMAINS,
    header: result.header,
  };
  terminal.answer(options.json ? jsonText(facts, 2) : screen(options.output, result));
}

function screen(output: string, result: ScrubResult): string {
  return [
    output,
    `  ${formatCount(result.end.events)} events; ${formatCount(result.clusters)} clusters of addresses moved; renumbered: ${formatCount(result.domains)} domains, ${formatCount(result.pasids)} PASIDs, ${formatCount(result.sources)} sources`,
    '  removed',
    ...REMOVED.map((line) => `    ${line}`),
    '  still in the file',
    ...REMAINS.map((line) => `    ${line}`),
  ].join('\n');
}

function readKey(path: string): Uint8Array {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fileError(error, path, 'Nothing was written.');
  }
  if (bytes.length < KEY_MIN_BYTES) {
    throw new ToolError(
      'E_USAGE',
      `${path}: a key of ${bytes.length} bytes could be guessed; nothing was written`,
      { hint: `make one with: head -c 32 /dev/urandom > ${path}` },
    );
  }
  return createHash('sha256').update(bytes).digest();
}
