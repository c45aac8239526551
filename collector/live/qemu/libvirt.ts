// A guest of libvirt's, reached through virsh: its one monitor stays libvirt's, the guest is neither edited nor
// started again. LIBVIRT_DEFAULT_URI says which libvirt, as for virsh itself.

import { execFile } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { promisify } from 'node:util';

import { z } from 'zod';

import { ToolError, parseJson } from '../../base/index.ts';
import type { Monitor, QemuAddress } from './monitor.ts';
import { peerOfProcess, startOf } from './peer.ts';

const run = promisify(execFile);
const VIRSH_MS = 60_000;
const ALIVE_MS = 500;
const STATE_MS = 2_000;
const DOMAINS = '/var/lib/libvirt/qemu';

const answerSchema = z.object({
  return: z.unknown().optional(),
  error: z.object({ desc: z.string() }).optional(),
});
const versionSchema = z.object({
  qemu: z.object({ major: z.number(), minor: z.number(), micro: z.number() }),
});

/** The running guest `guest` of the libvirt at `uri`. Throws ToolError where it does not run here. */
export async function ofLibvirt(
  guest: string,
  uri: string | undefined = process.env.LIBVIRT_DEFAULT_URI,
): Promise<QemuAddress> {
  const virsh = (args: readonly string[]): Promise<string> => runVirsh(uri, args);
  const pid = processOf((await virsh(['domuuid', guest])).trim());
  if (pid === undefined) {
    throw new ToolError(
      'E_NO_DEVICE',
      `guest '${guest}' does not run on this machine; nothing was changed`,
      { hint: "start it, or let '--wait' wait for it" },
    );
  }
  return {
    name: `libvirt:${guest}`,
    libvirt: { guest, ...(uri === undefined || uri === '' ? {} : { uri }) },
    connect: () => LibvirtMonitor.open(guest, pid, virsh),
    peer: () => peerOfProcess(pid),
    folder: () => domainFolder(guest),
  };
}

/** Resolves when the guest runs here, or `signal` aborts. Throws ToolError where virsh cannot be used. */
export async function guestRuns(guest: string, signal: AbortSignal): Promise<void> {
  const uri = process.env.LIBVIRT_DEFAULT_URI;
  while (!signal.aborted) {
    if (await isRunning(uri, guest)) return;
    await setTimeout(STATE_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** False also where the guest is not defined, or libvirt is not up (yet). Throws where there is no virsh. */
async function isRunning(uri: string | undefined, guest: string): Promise<boolean> {
  try {
    const uuid = (await runVirsh(uri, ['domuuid', guest])).trim();
    return processOf(uuid) !== undefined;
  } catch (error) {
    if (error instanceof ToolError && error.code === 'E_MISSING_PACKAGE') throw error;
    return false;
  }
}

class LibvirtMonitor implements Monitor {
  version = '';
  isOpen = true;
  readonly closed: Promise<void>;
  readonly #guest: string;
  readonly #virsh: (args: readonly string[]) => Promise<string>;

  private constructor(
    guest: string,
    pid: number,
    virsh: (args: readonly string[]) => Promise<string>,
  ) {
    this.#guest = guest;
    this.#virsh = virsh;
    this.closed = this.#watch(pid, startOf(pid));
  }

  /** Throws ToolError. */
  static async open(
    guest: string,
    pid: number,
    virsh: (args: readonly string[]) => Promise<string>,
  ): Promise<LibvirtMonitor> {
    const monitor = new LibvirtMonitor(guest, pid, virsh);
    try {
      const { qemu } = versionSchema.parse(await monitor.execute('query-version'));
      monitor.version = `${qemu.major}.${qemu.minor}.${qemu.micro}`;
      return monitor;
    } catch (error) {
      monitor.close();
      throw error;
    }
  }

  async execute(command: string, args: Readonly<Record<string, unknown>> = {}): Promise<unknown> {
    const text = JSON.stringify({ execute: command, arguments: args });
    return this.#answer(await this.#virsh(['qemu-monitor-command', this.#guest, text]));
  }

  /** In one run of virsh, which takes several commands at once: starting it takes longer than they do. */
  async executeEach(
    command: string,
    args: readonly Readonly<Record<string, unknown>>[],
  ): Promise<void> {
    if (args.length === 0) return;
    const lines = args.map(
      (each) =>
        `qemu-monitor-command --domain ${quoted(this.#guest)} ${quoted(JSON.stringify({ execute: command, arguments: each }))}`,
    );
    const said = await this.#virsh([lines.join('; ')]);
    const answers = said.split('\n').filter((line) => line.trim() !== '');
    for (const answer of answers) this.#answer(answer);
    if (answers.length < args.length) {
      throw new ToolError(
        'E_NOT_SUPPORTED',
        `${this.#guest}: QEMU answered ${answers.length} of ${args.length} commands`,
      );
    }
  }

  #answer(said: string): unknown {
    const answer = answerSchema.safeParse(parseJson(said)).data;
    if (answer !== undefined && answer.error === undefined) return answer.return;
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `${this.#guest}: QEMU says: ${answer?.error?.desc ?? said.trim()}`,
    );
  }

  async human(line: string): Promise<void> {
    const words = await this.#virsh(['qemu-monitor-command', this.#guest, '--hmp', line]);
    if (words.trim() === '') return;
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `${this.#guest}: QEMU answers '${line}' with: ${words.trim()}`,
    );
  }

  close(): void {
    this.isOpen = false;
  }

  /** virsh tells nothing by itself: the process does, by being there. */
  async #watch(pid: number, start: string | undefined): Promise<void> {
    const isThere = (): boolean => start !== undefined && startOf(pid) === start;
    while (this.isOpen && isThere()) await setTimeout(ALIVE_MS, undefined, { ref: false });
    this.isOpen = false;
  }
}

/** The QEMU that was started with this UUID. */
function processOf(uuid: string): number | undefined {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const words = tryRead(`/proc/${name}/cmdline`).split('\0');
    const at = words.indexOf('-uuid');
    if (at >= 0 && words.at(at + 1) === uuid) return Number(name);
  }
  return undefined;
}

/** The guest's own folder: under AppArmor and SELinux QEMU may write there and hardly anywhere else. */
function domainFolder(guest: string): string | undefined {
  if (!existsSync(DOMAINS)) return undefined;
  const short = guest.slice(0, 20); // as libvirt shortens it
  const found = readdirSync(DOMAINS).find(
    (name) => /^domain-\d+-/.test(name) && name.replace(/^domain-\d+-/, '') === short,
  );
  return found === undefined ? undefined : `${DOMAINS}/${found}`;
}

async function runVirsh(uri: string | undefined, args: readonly string[]): Promise<string> {
  const where = uri === undefined || uri === '' ? [] : ['-c', uri];
  try {
    const { stdout } = await run('virsh', ['-q', ...where, ...args], {
      timeout: VIRSH_MS,
      maxBuffer: 64 * 1024 * 1024,
      env: { ...process.env, LC_ALL: 'C' },
    });
    return stdout;
  } catch (error) {
    throw virshError(error, args);
  }
}

function virshError(error: unknown, args: readonly string[]): ToolError {
  const failed = z
    .object({ code: z.unknown(), stderr: z.string().optional() })
    .safeParse(error).data;
  if (failed?.code === 'ENOENT') {
    return new ToolError('E_MISSING_PACKAGE', '--libvirt needs virsh; nothing was changed', {
      hint: 'Debian: apt-get install libvirt-clients',
      cause: error,
    });
  }
  const said = failed?.stderr?.trim().replace(/^error: /gm, '') ?? String(error);
  return new ToolError('E_NO_DEVICE', `virsh ${args[0]} ${args[1] ?? ''}: ${said}`, {
    hint: 'LIBVIRT_DEFAULT_URI says which libvirt; virsh list --all shows its guests',
    cause: error,
  });
}

/** As virsh's own command line has it. */
const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

function tryRead(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // it ended, or is another user's
  }
}
