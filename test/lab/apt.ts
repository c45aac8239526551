// Fetches Debian packages without touching the machine's own apt set-up or needing root: a private
// sources.list, lists and archives, with the mirror that the machine is configured for. Names no host.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from '../../collector/base/index.ts';
import { cachePath } from './cache.ts';
import { hasProgram, output, runLong } from './run.ts';

const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** The release this machine runs, e.g. `bookworm`. */
export function debianCodename(): string {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const found = /^VERSION_CODENAME=(.+)$/m.exec(text);
  return found?.[1].replaceAll('"', '') ?? '';
}

/** The address of the main archive, as the machine's own sources name it. */
function mirror(): string {
  const given = process.env.IOTLB_LAB_APT_URI;
  if (given !== undefined && given !== '') return given;
  if (!hasProgram('apt-get')) {
    throw new ToolError('E_MISSING_PACKAGE', 'apt-get is not here; nothing was fetched', {
      hint: 'build the lab on Debian, or name kernels by IOTLB_LAB_KERNEL_X86_64 and IOTLB_LAB_KERNEL_ARM64',
    });
  }
  const args = ['indextargets', '--format', '$(BASE_URI)', 'Created-By: Packages'];
  const plain = new RegExp(`^(\\S+)dists/${debianCodename()}/$`, 'm').exec(output('apt-get', args));
  if (plain === null) {
    throw new ToolError(
      'E_NOT_SUPPORTED',
      'the apt sources of this machine name no Debian archive',
      {
        hint: 'set IOTLB_LAB_APT_URI to the address of a Debian mirror',
      },
    );
  }
  return plain[1];
}

/** A private apt directory for some suites and one Debian architecture. */
export class PrivateApt {
  readonly #options: readonly string[];
  readonly #archives: string;
  readonly #lists: string;
  readonly #suites: readonly string[];
  readonly #sourcelist: string;

  constructor(name: string, suites: readonly string[], debArch: 'amd64' | 'arm64') {
    const dir = cachePath('apt', name);
    this.#suites = suites;
    this.#archives = join(dir, 'archives');
    this.#lists = join(dir, 'lists');
    this.#sourcelist = join(dir, 'sources.list');
    const common = [
      `Dir::Etc::sourcelist=${this.#sourcelist}`,
      'Dir::Etc::sourceparts=-',
      'Dir::Etc::preferencesparts=-',
      `Dir::State::lists=${this.#lists}`,
      `Dir::Cache=${dir}`,
      `Dir::Cache::archives=${this.#archives}`,
      'Debug::NoLocking=1',
      'APT::Sandbox::User=',
      'Acquire::Retries=3',
      'APT::Get::List-Cleanup=0',
    ];
    // For a foreign architecture nothing is installed as far as apt can tell.
    const foreign = [`APT::Architecture=${debArch}`, `APT::Architectures::=${debArch}`];
    if (debArch !== 'amd64') {
      const status = join(dir, 'status');
      mkdirSync(dir, { recursive: true });
      writeFileSync(status, '');
      foreign.push(`Dir::State::status=${status}`);
    }
    this.#options = [...common, ...foreign].flatMap((option) => ['-o', option]);
  }

  async update(): Promise<void> {
    mkdirSync(join(this.#lists, 'partial'), { recursive: true });
    mkdirSync(join(this.#archives, 'partial'), { recursive: true });
    const address = mirror();
    const lines = this.#suites.map(
      (suite) => `deb [signed-by=${KEYRING}] ${address} ${suite} main\n`,
    );
    writeFileSync(this.#sourcelist, lines.join(''));
    await runLong('apt-get', [...this.#options, 'update'], {});
  }

  /** Package names that match a regular expression. */
  search(pattern: string): readonly string[] {
    const found = output('apt-cache', [...this.#options, 'search', '--names-only', pattern]);
    return found.split('\n').flatMap((line) => (line === '' ? [] : [line.split(' ')[0]]));
  }

  /** Downloads packages alone, without what they depend on; answers with their files. */
  async download(packages: readonly string[]): Promise<readonly string[]> {
    return await this.#fetch(['download', ...packages]);
  }

  /** Downloads packages and what this machine lacks of what they depend on. */
  async downloadWithDependencies(
    packages: readonly string[],
    suite: string,
  ): Promise<readonly string[]> {
    const args = [
      'install',
      '--download-only',
      '--no-install-recommends',
      '--reinstall',
      '-y',
      '-t',
      suite,
    ];
    return await this.#fetch([...args, ...packages]);
  }

  async #fetch(args: readonly string[]): Promise<readonly string[]> {
    rmSync(this.#archives, { recursive: true, force: true });
    mkdirSync(join(this.#archives, 'partial'), { recursive: true });
    await runLong('apt-get', [...this.#options, ...args], { cwd: this.#archives });
    const files = readdirSync(this.#archives).filter((name) => name.endsWith('.deb'));
    return files.map((name) => join(this.#archives, name));
  }
}

/** Unpacks a package into a folder, as it would lie under `/`. */
export function unpackDeb(deb: string, into: string): void {
  mkdirSync(into, { recursive: true });
  output('dpkg-deb', ['-x', deb, into]);
}
