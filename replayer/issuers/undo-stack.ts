// What an issuer made, freed in reverse order whatever happens. Closing the descriptors comes last and
// drops what refused; after a crash the kernel does the same by itself.

import { ToolError } from '../../collector/base/index.ts';
import { close, open } from '../calls/native.ts';

const O_RDWR_CLOEXEC = 0o2000002;

export class UndoStack {
  readonly #undo: (() => void)[] = [];

  push(undo: () => void): void {
    this.#undo.push(undo);
  }

  /** Opens a device node, to be closed at the end. Throws ToolError. */
  open(path: string): number {
    const fd = open(path, O_RDWR_CLOEXEC);
    if (fd < 0) throw new ToolError('E_NO_DEVICE', `${path}: cannot be opened; nothing was issued`);
    this.push(() => void close(fd));
    return fd;
  }

  /** Safe to call twice. */
  run(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        undo();
      } catch (error) {
        // The rest must still be freed; closing the descriptors drops what refused.
        if (!(error instanceof ToolError)) throw error;
      }
    }
  }
}
