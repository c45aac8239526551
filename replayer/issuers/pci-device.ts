// The one device that a replay may touch, looked at through sysfs before anything is opened. Never binds
// or unbinds a driver: it names the commands that a person may run.

import { accessSync, constants, existsSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';

import { ToolError } from '../../collector/base/index.ts';

const ADDRESS = /^[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]$/;

/** Normalises `00:03.0` to `0000:00:03.0`. Throws E_USAGE for anything that is not a PCI address. */
export function pciAddress(text: string): string {
  const full = /^[0-9a-f]{2}:/.test(text.toLowerCase())
    ? `0000:${text.toLowerCase()}`
    : text.toLowerCase();
  if (!ADDRESS.test(full)) {
    throw new ToolError('E_USAGE', `--device: '${text}' is not a PCI address`, {
      hint: 'write it like 0000:00:03.0',
    });
  }
  return full;
}

/**
 * The sysfs folder of the device, if it is there and on vfio-pci. Throws ToolError with what a person may
 * do. Opens nothing.
 */
export function requireVfioPci(address: string): string {
  const folder = `/sys/bus/pci/devices/${address}`;
  if (!existsSync(folder)) {
    throw new ToolError('E_NO_DEVICE', `${address}: no such PCI device; nothing was touched`);
  }
  const driver = linkName(`${folder}/driver`);
  if (driver !== 'vfio-pci') {
    throw new ToolError(
      'E_NO_DEVICE',
      `${address}: is on ${driver === undefined ? 'no driver' : `driver '${driver}'`}, not on vfio-pci; it was not touched`,
      { hint: bindCommands(address, driver) },
    );
  }
  return folder;
}

/** Throws where `path` cannot be opened for reading and writing by this user. */
export function requireAccess(path: string): void {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    throw new ToolError(
      'E_PERMISSION',
      `${path}: may not be opened by this user; nothing was touched`,
      {
        cause: error,
        hint: `root is not needed: sudo chown "$USER" ${path}`,
      },
    );
  }
}

function bindCommands(address: string, driver: string | undefined): string {
  return [
    'if nobody uses it, a person may run, as root:',
    `  echo vfio-pci > /sys/bus/pci/devices/${address}/driver_override`,
    ...(driver === undefined ? [] : [`  echo ${address} > /sys/bus/pci/drivers/${driver}/unbind`]),
    `  echo ${address} > /sys/bus/pci/drivers_probe`,
  ].join('\n');
}

/** Last part of what a link points to; undefined where there is none. */
export function linkName(path: string): string | undefined {
  try {
    return basename(readlinkSync(path));
  } catch {
    return undefined; // no link
  }
}
