// The program's own name and version, as files and reports name it. Read once from package.json.

import { readFileSync } from 'node:fs';

interface PackageFile {
  readonly name: string;
  readonly version: string;
}

const file = JSON.parse(
  readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'),
) as PackageFile; // our own file, shipped beside dist/

export const TOOL = {
  name: file.name,
  version: file.version,
  id: `${file.name}@${file.version}`,
} as const;
