// A bundle: the package, what it depends on and a Node.js runtime in one .tar.gz, for hosts without a network.

import { mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'; // oxlint-disable-line no-restricted-imports -- no verb
import { join } from 'node:path';

import { CHECKOUT, type Package } from './pack.ts';
import { run } from './run.ts';

/** One version for both architectures; needs glibc 2.28. */
const NODE = '24.22.1';
const ENGINE = 'chdb@3.4.0';

export const ARCHITECTURES = ['x64', 'arm64'] as const;
export const CONTENTS = ['whole', 'record-replay'] as const;

export interface BundleKind {
  readonly arch: (typeof ARCHITECTURES)[number];
  /** `record-replay` is without the analysis engine, which is half a gigabyte. */
  readonly contents: (typeof CONTENTS)[number];
}

export interface Bundle {
  readonly path: string;
  readonly bytes: number;
}

/** Makes one bundle from `pack` in the folder `into`; `scratch` is an empty folder of its own. Throws ToolError. */
export function makeBundle(pack: Package, kind: BundleKind, into: string, scratch: string): Bundle {
  const suffix = kind.contents === 'whole' ? '' : `-${kind.contents}`;
  const name = `iotlb-${version()}-linux-${kind.arch}${suffix}`;
  const root = join(scratch, name);
  mkdirSync(root, { recursive: true });
  run('tar', ['-xzf', pack.path, '-C', root, '--strip-components=1'], scratch);
  installDependencies(root, kind);
  addRuntime(root, kind.arch, scratch);
  symlinkSync('bin/iotlb', join(root, 'iotlb'));
  mkdirSync(into, { recursive: true });
  const path = join(into, `${name}.tar.gz`);
  run('tar', [...SAME_BYTES, '-czf', path, name], scratch);
  return { path, bytes: statSync(path).size };
}

/** The same files make the same archive, but for gzip's own version. */
const SAME_BYTES = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];

/** As locked; a package of another architecture than this machine's is installed, not run. */
function installDependencies(root: string, { arch, contents }: BundleKind): void {
  const target = [`--cpu=${arch}`, '--os=linux', '--libc=glibc'];
  const quiet = ['--omit=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  run('cp', [join(CHECKOUT, 'package-lock.json'), root], root);
  run('npm', ['ci', ...quiet, ...target], root);
  if (contents === 'whole') {
    run('npm', ['install', '--no-save', '--no-package-lock', ENGINE, ...quiet, ...target], root);
  }
  rmSync(join(root, 'package-lock.json'));
}

function addRuntime(root: string, arch: string, scratch: string): void {
  const spec = `node-linux-${arch}@${NODE}`;
  const packed = run('npm', ['pack', '--silent', '--pack-destination', scratch, spec], scratch);
  const folder = join(scratch, 'runtime');
  mkdirSync(folder);
  const tarball = join(scratch, packed.trim().split('\n').at(-1) ?? '');
  run('tar', ['-xzf', tarball, '-C', folder, '--strip-components=1'], scratch);
  const runtime = join(root, 'runtime');
  mkdirSync(runtime);
  renameSync(join(folder, 'bin', 'node'), join(runtime, 'node'));
  renameSync(join(folder, 'LICENSE'), join(runtime, 'LICENSE'));
  rmSync(folder, { recursive: true });
  rmSync(tarball);
}

function version(): string {
  const text = readFileSync(join(CHECKOUT, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version; // our own file
}
