// `npm run build:native`: writes the C header of the memory layout, and builds the native loop for every
// machine that a prebuilt file is kept for, or with --here only for this one. The same compiler makes the same
// bytes: no paths, build ids or time stamps are in the file.

import { spawnSync } from 'node:child_process';
// oxlint-disable-next-line no-restricted-imports -- a build script, no verb
import { readdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { ToolError } from '../../../collector/base/index.ts';
import { layoutHeader } from '../layout-header.ts';
import { libraryPath } from './library.ts';

const SOURCES = fileURLToPath(new URL('../../../../replayer/loop/native/', import.meta.url));

export interface Target {
  readonly platform: string;
  readonly arch: string;
  readonly compiler: string;
}

export const TARGETS: readonly Target[] = [
  { platform: 'linux', arch: 'x64', compiler: 'x86_64-linux-gnu-gcc' },
  { platform: 'linux', arch: 'arm64', compiler: 'aarch64-linux-gnu-gcc' },
];

const FLAGS: readonly string[] = [
  '-std=gnu11',
  '-O2',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-fPIC',
  '-shared',
  '-fvisibility=hidden',
  '-ffp-contract=off', // a fused multiply-add would round a due time otherwise than JavaScript does
  '-fno-asynchronous-unwind-tables',
  '-fno-stack-protector',
  '-Wl,--build-id=none,--hash-style=gnu,-z,relro,-z,now,-s',
];

/** Builds for `target` into `path`. `extra` comes after the usual flags. Throws ToolError. */
export function buildNative(
  { compiler, platform, arch }: Pick<Target, 'compiler'> & Partial<Target>,
  path: string,
  extra: readonly string[] = [],
): void {
  const files = readdirSync(SOURCES)
    .filter((name) => name.endsWith('.c'))
    .sort();
  const args = [...FLAGS, ...extra, '-o', path, ...files];
  const said = spawnSync(compiler, args, { cwd: SOURCES, encoding: 'utf8' });
  if (said.status === 0) return;
  throw new ToolError(
    'E_NOT_SUPPORTED',
    `${compiler}: the native loop was not built for ${platform ?? 'this'} ${arch ?? 'machine'}: ${said.error?.message ?? said.stderr}`,
    {
      hint: 'on Debian: apt-get install gcc libc6-dev gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
    },
  );
}

/** The compiler's own name of itself, as the prebuilt files were made with. */
export function compilerVersion(compiler: string): string | undefined {
  const { status, stdout } = spawnSync(compiler, ['--version'], { encoding: 'utf8' });
  return status === 0 ? stdout.split('\n')[0] : undefined;
}

export function compilerNote(): string {
  return TARGETS.map(
    ({ arch, compiler }) => `${arch}: ${compilerVersion(compiler) ?? 'none'}\n`,
  ).join('');
}

export const COMPILER_NOTE = new URL('prebuilt/COMPILERS', `file://${SOURCES}`);

function main(args: readonly string[]): void {
  writeFileSync(new URL('layout.h', `file://${SOURCES}`), layoutHeader());
  if (args.includes('--here')) {
    buildNative({ compiler: 'gcc' }, libraryPath());
    process.stderr.write(`${libraryPath()}\n`);
    return;
  }
  for (const target of TARGETS) {
    const path = libraryPath(target.platform, target.arch);
    buildNative(target, path);
    process.stderr.write(`${path}\n`);
  }
  writeFileSync(COMPILER_NOTE, compilerNote());
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.slice(2));
