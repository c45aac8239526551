// `npm run lab:build`: gets everything the lab needs into its cache. Says what the machine lacks before
// it begins, skips what is there, and can be interrupted and started again at any point.

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { EXIT, ToolError } from '../../collector/base/index.ts';
import { runMain } from '../support/run-main.ts';
import { ARCHES, type Arch, cacheRoot, KERNEL_VARIABLE } from './cache.ts';
import { buildKernel, kernelIsCurrent } from './kernel-build.ts';
import { hasProgram } from './run.ts';
import { fetchUserland } from './userland.ts';

const HELP = `usage: npm run lab:build -- [options]

Builds the lab's kernels from Debian's kernel source package and fetches what their guests need.
Takes about 10 minutes of two cores for each architecture the first time, seconds afterwards.

  --arch x86_64|arm64   only this one (may be given twice); both when not given
  --jobs N              compilers at once (default: the number of cores)
  --no-kernel           fetch QEMU and the guests' files only
  --help

environment:
  IOTLB_LAB_CACHE           where everything goes (default: ~/.cache/iotlb-lab)
  IOTLB_LAB_KERNEL_X86_64   a kernel built elsewhere: it is used, and not built here
  IOTLB_LAB_KERNEL_ARM64    the same for arm64; both may be compressed with zstd (.zst)
  IOTLB_LAB_APT_URI         a Debian mirror, when the machine's apt sources name none
`;

interface Need {
  readonly debian: string;
  readonly present: () => boolean;
  readonly only?: Arch;
}

const program = (name: string, debian: string, only?: Arch): Need => ({
  debian,
  present: () => hasProgram(name),
  ...(only === undefined ? {} : { only }),
});

/** objtool, built with the x86-64 kernel, reads ELF files. */
const hasGelf = (): boolean =>
  spawnSync('gcc', ['-xc', '-fsyntax-only', '-'], { input: '#include <gelf.h>\n' }).status === 0;

const NEEDS: readonly Need[] = [
  program('gcc', 'gcc'),
  program('make', 'make'),
  program('flex', 'flex'),
  program('bison', 'bison'),
  program('bc', 'bc'),
  program('xz', 'xz-utils'),
  { debian: 'libelf-dev', present: hasGelf, only: 'x86_64' },
  program('aarch64-linux-gnu-gcc', 'gcc-aarch64-linux-gnu', 'arm64'),
];

function checkNeeds(arches: readonly Arch[]): void {
  const missing = NEEDS.filter(
    (need) => (need.only === undefined || arches.includes(need.only)) && !need.present(),
  );
  if (missing.length === 0) return;
  const packages = missing.map((need) => need.debian).join(' ');
  throw new ToolError(
    'E_MISSING_PACKAGE',
    `building the lab's kernels needs ${packages}; nothing was built`,
    {
      hint: `apt-get install --no-install-recommends ${packages}`,
    },
  );
}

interface Options {
  readonly arches: readonly Arch[];
  readonly jobs: number;
  readonly kernel: boolean;
}

function asArch(text: string): Arch {
  const found = ARCHES.find((arch) => arch === text);
  if (found === undefined) {
    throw new ToolError('E_USAGE', `--arch: '${text}' is not built here`, {
      hint: `known: ${ARCHES.join(' ')}`,
    });
  }
  return found;
}

function parse(): Options | undefined {
  const { values } = parseArgs({
    options: {
      arch: { type: 'string', multiple: true },
      jobs: { type: 'string' },
      'no-kernel': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const jobs = values.jobs === undefined ? availableParallelism() : Number(values.jobs);
  if (!Number.isInteger(jobs) || jobs < 1)
    throw new ToolError('E_USAGE', '--jobs: a whole number above 0');
  return { arches: values.arch?.map(asArch) ?? ARCHES, jobs, kernel: !values['no-kernel'] };
}

const story = (text: string): void => void process.stderr.write(`${text}\n`);

const given = (arch: Arch): boolean => (process.env[KERNEL_VARIABLE[arch]] ?? '') !== '';

async function main(): Promise<number> {
  const options = parse();
  if (options === undefined) {
    process.stdout.write(HELP);
    return EXIT.ok;
  }
  const toBuild = options.arches.filter(
    (arch) => options.kernel && !given(arch) && !kernelIsCurrent(arch),
  );
  if (toBuild.length > 0) checkNeeds(toBuild);
  story(`lab cache: ${cacheRoot()}`);
  for (const arch of options.arches) {
    await fetchUserland(arch, { story, jobs: options.jobs });
    if (given(arch)) story(`kernel for ${arch}: given by ${KERNEL_VARIABLE[arch]}`);
    else if (options.kernel) await buildKernel(arch, { story, jobs: options.jobs });
  }
  return EXIT.ok;
}

await runMain(main);
