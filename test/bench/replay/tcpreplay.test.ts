import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

import { hasProgram } from './peer.ts';
import { isTcpreplay, tcpreplayFrom } from './tcpreplay.ts';
import { folderFor } from '../../support/cli.ts';

/** A source folder whose configure and make do what tcpreplay's do, as far as the bench sees. */
function sourceIn(folder: string, configure: string): string {
  const source = join(folder, 'source');
  mkdirSync(source);
  writeFileSync(join(source, 'configure'), configure);
  chmodSync(join(source, 'configure'), 0o755);
  return source;
}

const MAKES_IT = `#!/bin/sh
mkdir src
printf 'all:\\n\\tprintf "#!/bin/sh\\\\necho tcpreplay version: 4.5.1 >&2\\\\n" > src/tcpreplay\\n\\tchmod +x src/tcpreplay\\n' > Makefile
`;

test('tcpreplay from a source folder is built beside it, and says its version', (t) => {
  if (!hasProgram('make')) return t.skip('make is missing');
  const folder = folderFor(t);
  const source = sourceIn(folder, MAKES_IT);
  const peer = tcpreplayFrom(source, folder);
  assert.equal(peer.missing(), undefined);
  assert.equal(peer.version?.(), '4.5.1');
  assert.ok(isTcpreplay(peer.name));
  assert.equal(existsSync(join(source, 'src')), false);
});

test('a source folder that cannot be built is left out with the reason', (t) => {
  const folder = folderFor(t);
  assert.match(tcpreplayFrom(folder, folder).missing() ?? '', /holds no configure script/);
  const source = sourceIn(folder, '#!/bin/sh\necho no libpcap here >&2\nexit 1\n');
  const why = tcpreplayFrom(source, folder).missing() ?? '';
  assert.match(why, /was not built, \.\/configure: no libpcap here/);
});
