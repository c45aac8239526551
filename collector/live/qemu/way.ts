// Which way leads to a QEMU's trace events: its log where its binary has that backend, else its static probes.
// Without this a QEMU of RHEL or Fedora would be recorded as silence.

import { ToolError } from '../../base/index.ts';
import { backendsOf } from './backends.ts';
import type { QemuAddress } from './monitor.ts';

/** Processes to record by their probes; undefined where all of them log, or cannot be looked into. */
export function probesInstead(addresses: readonly QemuAddress[]): readonly number[] | undefined {
  const guests = addresses.map((address) => {
    const pid = address.peer()?.pid;
    return { where: address.name, pid, backends: pid === undefined ? undefined : backendsOf(pid) };
  });
  const silent = guests.filter(({ backends }) => backends?.log === false);
  if (silent.length === 0) return undefined;
  const blind = silent.find(({ backends }) => backends?.probes.length === 0);
  if (blind !== undefined) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `${blind.where}: this QEMU has neither the log trace backend nor static probes, so nothing of its IOMMU can be seen; nothing was changed`,
      {
        hint: "a QEMU built with --enable-trace-backends=log or dtrace; 'record --source vmm' sees its ioctls",
      },
    );
  }
  if (silent.length < guests.length) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      `${silent[0].where}: this QEMU has no log trace backend and others have; nothing was changed`,
      { hint: 'record the two kinds in two runs' },
    );
  }
  return silent.flatMap(({ pid }) => pid ?? []);
}
