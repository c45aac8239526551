// The seam of ways to a running QEMU's monitor, and what is known of the process behind it.

import { STDERR, peerOf, type Peer } from './peer.ts';
import { QmpClient } from './qmp.ts';

export interface Monitor {
  /** `7.2.22`. */
  readonly version: string;
  readonly isOpen: boolean;
  /** Settles when QEMU is gone. */
  readonly closed: Promise<void>;
  /** Runs a command; what it returns is not checked. Throws ToolError. */
  execute(command: string, args?: Readonly<Record<string, unknown>>): Promise<unknown>;
  /** Runs a command once for each of `args`, in order. Throws ToolError at the first that fails. */
  executeEach(command: string, args: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  /** Runs a command of the human monitor; no words mean that it went well. Throws ToolError. */
  human(line: string): Promise<void>;
  close(): void;
}

/** A QEMU that can be attached to. */
export interface QemuAddress {
  /** Names it for people and in the saved state: a socket's path, or `libvirt:GUEST`. */
  readonly name: string;
  /** Where libvirt is asked, where it is; undefined for a socket of QEMU's own. */
  readonly libvirt?: { readonly guest: string; readonly uri?: string };
  /** Throws ToolError. */
  connect(): Promise<Monitor>;
  /** The process; undefined where this user may not see it. */
  peer(): Peer | undefined;
  /** A folder that QEMU may write to; undefined: any. */
  folder(): string | undefined;
}

/** A QEMU with a QMP socket of its own. */
export function atSocket(path: string): QemuAddress {
  return {
    name: path,
    connect: () => QmpClient.connect(path),
    peer: () => peerOf(path),
    folder: () => undefined,
  };
}

/** What to tell `logfile` to put a log back. */
export const logFileOf = (peer: Peer | undefined): string => peer?.logFile ?? STDERR;
