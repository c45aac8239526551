// The names of a rotated recording's files: `guest.arrow` becomes `guest-0001.arrow`, `guest-0002.arrow`, …

import { readdirSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

const DIGITS = 4;

/** Part `number`, from 1, of the recording `output`. */
export function partPath(output: string, number: number): string {
  const { stem, extension } = split(output);
  return join(dirname(output), `${stem}-${String(number).padStart(DIGITS, '0')}${extension}`);
}

/** Parts of an earlier recording of that name. */
export function existingParts(output: string): readonly string[] {
  const { stem, extension } = split(output);
  const folder = dirname(output);
  return readdirSync(folder)
    .filter((name) => {
      const digits = name.slice(stem.length + 1, name.length - extension.length);
      return name === `${stem}-${digits}${extension}` && /^\d{4,}$/.test(digits);
    })
    .map((name) => join(folder, name));
}

function split(output: string): { readonly stem: string; readonly extension: string } {
  const extension = extname(output);
  return { stem: basename(output, extension), extension };
}
