// Silence is a fault: no event for half a minute while the guest moves data means that nothing is being seen, not
// that nothing happens. Owns the rule; what was moved is asked of whoever knows.

import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** So long without an event, s. */
const QUIET_SECONDS = 30;
/** Bytes a second over that time. */
const BUSY_RATE = 1_000_000;
const LOOK_MS = 5_000;

interface Look {
  readonly seconds: number;
  readonly events: number;
  readonly bytes: number;
}

/** What a guest looks like over time. Tells once for each silence. */
export class SilenceWatch {
  #last: Look | undefined;
  #isTold = false;

  /** `bytes`: moved since the guest started. Returns bytes a second where this is a silence to be told. */
  look(seconds: number, events: number, bytes: number): number | undefined {
    const last = this.#last;
    if (last === undefined || events !== last.events || bytes < last.bytes) {
      this.#last = { seconds, events, bytes };
      this.#isTold = false;
      return undefined;
    }
    const quiet = seconds - last.seconds;
    if (this.#isTold || quiet < QUIET_SECONDS) return undefined;
    const rate = (bytes - last.bytes) / quiet;
    if (rate > BUSY_RATE) {
      this.#isTold = true;
      return rate;
    }
    this.#last = { seconds, events, bytes }; // an idle guest: the next half minute counts anew
    return undefined;
  }
}

/** Looks every few seconds until `signal` aborts. `moved` undefined: nobody knows. */
export function watchSilence(options: {
  readonly signal: AbortSignal;
  readonly events: () => number;
  readonly moved: () => Promise<number | undefined>;
  readonly tell: (bytesPerSecond: number) => void;
}): void {
  const watch = new SilenceWatch();
  const timer = setInterval(() => {
    void (async () => {
      const bytes = await options.moved().catch(() => undefined); // a guest that is ending
      if (bytes === undefined || options.signal.aborted) return;
      const rate = watch.look(performance.now() / 1000, options.events(), bytes);
      if (rate !== undefined) options.tell(rate);
    })();
  }, LOOK_MS);
  timer.unref();
  options.signal.addEventListener('abort', () => clearInterval(timer), { once: true });
}

/** Bytes of a process's network cards (tap devices) since they were made, both ways. */
export function networkBytes(pid: number): number {
  let sum = 0;
  for (const name of cardsOf(pid)) {
    for (const what of ['rx_bytes', 'tx_bytes']) {
      const file = `/sys/class/net/${name}/statistics/${what}`;
      if (existsSync(file)) sum += Number(readFileSync(file, 'latin1'));
    }
  }
  return sum;
}

/** Bytes that a process read and wrote, by the kernel's account. */
export function processBytes(pid: number): number | undefined {
  const text = tryRead(`/proc/${pid}/io`);
  const of = (name: string): number =>
    Number(new RegExp(`^${name}: (\\d+)$`, 'm').exec(text)?.[1] ?? Number.NaN);
  const bytes = Math.max(of('rchar') + of('wchar'), of('read_bytes') + of('write_bytes'));
  return Number.isNaN(bytes) ? undefined : bytes;
}

/** Why a QEMU may be silent, by what its command line has. */
export function likelyReason(pid: number | undefined): string {
  const words = pid === undefined ? '' : tryRead(`/proc/${pid}/cmdline`).replaceAll('\0', ' ');
  if (words !== '' && !/iommu|smmu/.test(words)) return 'this QEMU has no emulated IOMMU';
  if (/smmuv3.*accel|cmdqv/.test(words)) return 'its command queues may be in hardware';
  return 'the guest may not use its IOMMU (x86: intel_iommu=on, not iommu=pt; or its devices bypass it)';
}

function cardsOf(pid: number): readonly string[] {
  try {
    const folder = `/proc/${pid}/fdinfo`;
    return readdirSync(folder).flatMap((fd) => {
      const name = /^iff:\s*(\S+)$/m.exec(tryRead(join(folder, fd)))?.[1];
      return name === undefined || name.includes('/') ? [] : [name];
    });
  } catch {
    return []; // another user's, or gone
  }
}

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
