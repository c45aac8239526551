// CPU lists as Linux writes them: 1,2 or 2-5,8.

import { ToolError } from '../../collector/base/index.ts';

/** The CPUs in the order written. Throws E_USAGE. */
export function parseCpuList(text: string, what: string): readonly number[] {
  const cpus = text.split(',').flatMap((part) => range(part.trim()));
  if (cpus.length > 0 && cpus.every((cpu) => cpu < 1024)) return cpus;
  throw new ToolError('E_USAGE', `${what}: '${text}' is not a list of CPUs`, {
    hint: 'write it like 1,2 or 2-5',
  });
}

function range(part: string): readonly number[] {
  const match = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part);
  if (match === null) return [Number.NaN];
  const from = Number(match[1]);
  const to = match[2] === undefined ? from : Number(match[2]);
  return to < from ? [Number.NaN] : Array.from({ length: to - from + 1 }, (_, i) => from + i);
}
