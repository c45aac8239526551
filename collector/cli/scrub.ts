// `iotlb scrub`: a recording that is safe to send, and a list of what still stands in it.

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
import { originalId, scrubTrace, type ScrubResult } from '../scrub/scrub.ts';
import { freshSecret, stretchedSecret } from '../scrub/secret.ts';
import { ATTACKER, REMAINS, REMOVED } from '../scrub/what-remains.ts';

interface Options {
  readonly output: string;
  readonly passphraseFile?: string;
  readonly saltFrom?: string;
  readonly rigid: boolean;
  readonly force: boolean;
  readonly json: boolean;
}

/** Shorter ones are guessed, however much each guess costs. */
const PASSPHRASE_MIN_BYTES = 12;

const LAW = `
Every strategy plans the same steps, entries and pages for the scrubbed recording as for the original,
and so does every chain of them; only a chain that joins ranges after another widened them
(aligned+adjacent) can differ a little, because blocks of unrelated ranges may lie side by side in one
and not in the other. With --rigid that holds too, and more of the layout can be seen.
${ATTACKER}`;

export const define: VerbModule['define'] = (command, terminal) => {
  command
    .argument('<recording>', 'a recording')
    .requiredOption('-o, --output <file>', 'the scrubbed recording to write')
    .option(
      '--passphrase-file <file>',
      `a file of at least ${PASSPHRASE_MIN_BYTES} bytes: addresses of all parts of a recording move alike with it (default: a fresh secret, thrown away)`,
    )
    .option(
      '--salt-from <recording>',
      'with --passphrase-file: move addresses as in that original recording, so that the two can be compared',
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
  const inputs = [recording, options.passphraseFile, options.saltFrom].filter(
    (path) => path !== undefined,
  );
  const output = new Output(options.output, { force: options.force, inputs });
  const secret = secretOf(recording, options);
  const result = scrubTrace(recording, output, { secret, rigid: options.rigid });
  const facts = {
    output: options.output,
    digest: fileDigest(options.output),
    events: result.end.events,
    clusters: result.clusters,
    domains: result.domains,
    pasids: result.pasids,
    sources: result.sources,
    secret: options.passphraseFile === undefined ? 'fresh, thrown away' : 'from a passphrase',
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
    ...REMAINS.flatMap(({ what, why }) => [`    ${what}`, `      because ${why}`]),
  ].join('\n');
}

function secretOf(recording: string, options: Options): Uint8Array {
  const { passphraseFile, saltFrom } = options;
  if (passphraseFile !== undefined) {
    return stretchedSecret(readPassphrase(passphraseFile), originalId(saltFrom ?? recording));
  }
  if (saltFrom === undefined) return freshSecret();
  throw new ToolError('E_USAGE', '--salt-from needs --passphrase-file; nothing was written', {
    hint: 'a secret that is thrown away cannot be used twice',
  });
}

function readPassphrase(path: string): Uint8Array {
  let text: Buffer;
  try {
    text = readFileSync(path);
  } catch (error) {
    throw fileError(error, path, 'Nothing was written.');
  }
  // An editor ends a file with a line feed; the passphrase is the same without.
  const bytes = text.at(-1) === 10 ? text.subarray(0, -1) : text;
  if (bytes.length >= PASSPHRASE_MIN_BYTES) return bytes;
  throw new ToolError(
    'E_USAGE',
    `${path}: a passphrase of ${bytes.length} bytes can be guessed; nothing was written`,
    { hint: `make one with: head -c 24 /dev/urandom | base64 > ${path}` },
  );
}
