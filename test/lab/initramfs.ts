// The first program of a lab guest: mounts the host's files read-only and the share read-write, puts the
// devices on vfio-pci, runs one script, powers off. Device binding is done here and nowhere else.

import { readFileSync } from 'node:fs';
import { type Arch, cacheRoot, checkout, userlandPath } from './cache.ts';
import { cpio, type CpioEntry } from './cpio.ts';
import { MARK_SLOT } from './machine.ts';

/** Where the share lies inside a guest. */
export const GUEST_SHARE = '/run/lab';

/** 9p options: big messages; the host's files do not change while a guest runs. */
const HOST_MOUNT = 'trans=virtio,version=9p2000.L,msize=512000,ro,cache=loose';
const SHARE_MOUNT = 'trans=virtio,version=9p2000.L,msize=512000,cache=none';

/**
 * Writes a byte into the interrupt-line register of a device that does nothing: QEMU's trace shows it
 * between the descriptors, at the moment it was written.
 */
const MARK_SCRIPT = `#!/bin/busybox sh
/bin/busybox printf "\\\\$(/bin/busybox printf %03o "$1")" |
  /bin/busybox dd of=/sys/bus/pci/devices/0000:00:${MARK_SLOT}.0/config bs=1 seek=60 count=1 2>/dev/null
`;

/** What replaces the host's own folders in a guest that cannot run the host's programs. */
function foreignRoot(arch: Arch): string {
  const root = userlandPath(arch, 'root');
  return `
mount -t tmpfs tmpfs /root
for each in /host/*; do
  name=\${each##*/}
  case $name in bin|sbin|lib|lib64|usr|etc|dev|proc|sys|tmp|run) continue ;; esac
  if [ -d "$each" ]; then mkdir "/root/$name"; mount -o bind "$each" "/root/$name"; fi
done
mkdir /root/bin /root/lib /root/usr /root/etc /root/dev /root/proc /root/sys /root/tmp /root/run
mount -o bind "/host${root}/lib" /root/lib
mount -o bind "/host${root}/usr" /root/usr
cp /bin/busybox /root/bin/
for name in sh cat ls dmesg mount sleep; do ln -s busybox /root/bin/$name; done
ln -s ${userlandPath(arch, 'node', 'bin', 'node')} /root/bin/node
`;
}

const nativeRoot = `
mount -o bind /host /root
`;

/** A checkout or cache in a folder that the guest has its own of is laid over that. */
function visible(paths: readonly string[]): string {
  const hidden = paths.filter((path) => /^\/(?:tmp|run)\//.test(path));
  return hidden
    .map((path) => `mkdir -p "/root${path}"; mount -o bind "/host${path}" "/root${path}"`)
    .join('\n');
}

function initScript(arch: Arch): string {
  return `#!/bin/busybox sh
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts /host /root /share
mount -t devpts devpts /dev/pts
for word in $(cat /proc/cmdline); do
  case $word in
    lab.time=*) date -s "@\${word#lab.time=}" >/dev/null ;;
    lab.bind=*) bind=$(echo "\${word#lab.bind=}" | tr , ' ') ;;
    lab.shell) shell=1 ;;
  esac
done
mount -t 9p -o ${HOST_MOUNT} host /host || poweroff -f
${arch === 'x86_64' ? nativeRoot : foreignRoot(arch)}
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
for each in dev proc sys; do mount -o rbind /$each /root/$each; done
mount -t tmpfs tmpfs /root/tmp
mount -t tmpfs tmpfs /root/run
${visible([checkout, cacheRoot()])}
${arch === 'x86_64' ? '' : `mount -o bind "/host${userlandPath(arch, 'koromix')}" "/root${checkout}/node_modules/@koromix"`}
mkdir -p /root${GUEST_SHARE} /root/run/bin
mount -t 9p -o ${SHARE_MOUNT} share /root${GUEST_SHARE}
echo booted > /root${GUEST_SHARE}/booted
cp /bin/busybox /root/run/bin/busybox
sed 's,/bin/busybox,/run/bin/busybox,g' /mark > /root/run/bin/mark
chmod 755 /root/run/bin/mark
for each in $bind; do
  device=/sys/bus/pci/devices/$each
  if [ -e $device/driver ]; then echo $each > $device/driver/unbind; fi
  echo vfio-pci > $device/driver_override
  echo $each > /sys/bus/pci/drivers_probe
done
export IOTLB_LAB_GUEST=1 HOME=/tmp PATH=/run/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
if [ -n "$shell" ]; then
  setsid /bin/busybox cttyhack chroot /root /bin/sh -i
else
  chroot /root /bin/sh ${GUEST_SHARE}/run.sh > /root${GUEST_SHARE}/stdout 2> /root${GUEST_SHARE}/stderr
  echo $? > /root${GUEST_SHARE}/exit
fi
dmesg > /root${GUEST_SHARE}/dmesg
/bin/busybox umount /root${GUEST_SHARE}
/bin/busybox poweroff -f
`;
}

/** The initramfs of one architecture, after an archive of upgraded ACPI tables when there are some. */
export function initramfs(arch: Arch, tables: readonly CpioEntry[] = []): Uint8Array {
  const busybox = readFileSync(userlandPath(arch, 'root', 'bin', 'busybox'));
  const entries: CpioEntry[] = [
    ...['bin', 'dev', 'proc', 'sys'].map((path) => ({ kind: 'folder', path }) as const),
    { kind: 'device', path: 'dev/console', major: 5, minor: 1 },
    { kind: 'device', path: 'dev/null', major: 1, minor: 3 },
    { kind: 'file', path: 'bin/busybox', bytes: busybox, executable: true },
    { kind: 'file', path: 'mark', bytes: Buffer.from(MARK_SCRIPT), executable: true },
    { kind: 'file', path: 'init', bytes: Buffer.from(initScript(arch)), executable: true },
  ];
  const upgrade: CpioEntry[] = ['kernel', 'kernel/firmware', 'kernel/firmware/acpi'].map(
    (path) => ({ kind: 'folder', path }),
  );
  return Buffer.concat(
    tables.length === 0 ? [cpio(entries)] : [cpio([...upgrade, ...tables]), cpio(entries)],
  );
}
