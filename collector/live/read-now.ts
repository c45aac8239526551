// A look at a file that may have nothing: pipes and trace files opened with O_NONBLOCK.

import { readSync } from 'node:fs';

import { systemErrorCode } from '../base/index.ts';

/** Reads what `fd` has by now into `chunk`. Returns its bytes; 0 where it has none, or a signal came. */
export function readNow(fd: number, chunk: Uint8Array): number {
  try {
    return readSync(fd, chunk);
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EAGAIN' || code === 'EINTR') return 0;
    throw error;
  }
}
