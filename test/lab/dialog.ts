// Talks with a guest while it runs: each side makes empty files in the share, the other waits for them.
// What is said on the host ends with the guest, and the guest with it.

import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ToolError } from '../../collector/base/index.ts';
import { type GuestResult, type GuestRun, runGuest } from './guest.ts';
import { GUEST_SHARE } from './initramfs.ts';

const POLL_MS = 100;

/** The guest's side: `tell WORD` and `hear WORD`. */
const DIALOG_SHELL = `
tell() { : > ${GUEST_SHARE}/guest.$1; }
hear() { until [ -e ${GUEST_SHARE}/host.$1 ]; do sleep 0.1; done; }
`;

export class Dialog {
  readonly share: string;
  readonly #signal: AbortSignal;

  constructor(share: string, signal: AbortSignal) {
    this.share = share;
    this.#signal = signal;
  }

  tell(word: string): void {
    writeFileSync(join(this.share, `host.${word}`), '');
  }

  /** Waits for a word of the guest's. Throws ToolError when the guest is off. */
  async hear(word: string): Promise<void> {
    await this.until(`the guest's '${word}'`, () => existsSync(join(this.share, `guest.${word}`)));
  }

  /** Waits for something that happens while the guest runs. Throws ToolError when the guest is off. */
  async until(what: string, happened: () => boolean): Promise<void> {
    while (!happened()) {
      if (this.#signal.aborted) {
        throw new ToolError('E_IO', `the guest was off before there was ${what}`);
      }
      await setTimeout(POLL_MS);
    }
  }
}

/** Boots a guest and talks with it; comes back when both are through. */
export async function talkWithGuest<T>(
  run: Omit<GuestRun, 'signal'>,
  talk: (dialog: Dialog) => Promise<T>,
): Promise<{ readonly result: GuestResult; readonly said: T }> {
  const off = new AbortController();
  const stop = new AbortController();
  const guest = runGuest({ ...run, script: DIALOG_SHELL + run.script, signal: stop.signal });
  const ended = guest.finally(() => off.abort());
  try {
    const [result, said] = await Promise.all([
      ended,
      talk(new Dialog(join(run.folder, 'share'), off.signal)),
    ]);
    return { result, said };
  } finally {
    stop.abort();
  }
}
