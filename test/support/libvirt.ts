// A libvirtd of the test's own, in a mount namespace with its own configuration, state and sockets: the machine's
// libvirt, where there is one, is not touched. Its guest is the boot sector that invalidates for ever.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { fixture } from './fixtures.ts';
import { until } from './running-cli.ts';

const FOLDERS = [
  '/etc/libvirt',
  '/run/libvirt',
  '/var/lib/libvirt',
  '/var/log/libvirt',
  '/var/cache/libvirt',
];
/** libvirt does not start without them, though nothing runs as them here. */
const ACCOUNTS = [
  { file: '/etc/passwd', line: 'libvirt-qemu:x:64055:64055::/:/usr/sbin/nologin' },
  { file: '/etc/group', line: 'kvm:x:64056:\nlibvirt-qemu:x:64055:' },
] as const;
const DISK_BYTES = 1024 * 1024;
const QEMU = '/usr/bin/qemu-system-x86_64';
/** As root in a container-like machine: no other user, no namespaces, no cgroups. */
const QEMU_CONF = `user = "root"
group = "root"
dynamic_ownership = 0
security_driver = "none"
namespaces = []
cgroup_controllers = []
stdio_handler = "file"
`;

/** Why there can be none here; false where there can. */
export function noLibvirt(): string | false {
  if (process.getuid?.() !== 0) return 'a libvirtd of our own needs root';
  for (const program of ['libvirtd', 'virsh', 'unshare']) {
    if (spawnSync('sh', ['-c', `command -v ${program}`]).status !== 0)
      return `${program} is not installed`;
  }
  if (!existsSync(QEMU)) return `${QEMU} is not installed`;
  return false;
}

export class TestLibvirt {
  readonly env: Readonly<Record<string, string>>;
  readonly #folder: string;
  readonly #daemon: ChildProcess;

  private constructor(folder: string, daemon: ChildProcess) {
    this.#folder = folder;
    this.#daemon = daemon;
    this.env = {
      LIBVIRT_DEFAULT_URI: `qemu+unix:///system?socket=${join(folder, 'sockets', 'libvirt-sock')}`,
    };
  }

  /** Starts the daemon with all that is its own in `folder`. */
  static async start(folder: string): Promise<TestLibvirt> {
    const binds = FOLDERS.map((path) => {
      const own = join(folder, path.replaceAll('/', '_'));
      mkdirSync(own, { recursive: true });
      return `mkdir -p '${path}' && mount --bind '${own}' '${path}'`;
    });
    for (const { file, line } of ACCOUNTS) {
      const own = join(folder, file.replaceAll('/', '_'));
      writeFileSync(own, `${readFileSync(file, 'utf8').trimEnd()}\n${line}\n`);
      binds.push(`mount --bind '${own}' '${file}'`);
    }
    const sockets = join(folder, 'sockets');
    mkdirSync(sockets);
    const etc = join(folder, '_etc_libvirt');
    writeFileSync(join(etc, 'qemu.conf'), QEMU_CONF);
    writeFileSync(
      join(etc, 'libvirtd.conf'),
      `unix_sock_dir = "${sockets}"\nauth_unix_rw = "none"\nlog_outputs = "3:file:${join(folder, 'libvirtd.log')}"\n`,
    );
    const script = `${binds.join(' && ')} && exec libvirtd -f /etc/libvirt/libvirtd.conf -p '${join(folder, 'pid')}'`;
    const daemon = spawn('unshare', ['-m', '--propagation', 'private', 'sh', '-c', script], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const libvirt = new TestLibvirt(folder, daemon);
    await until('libvirtd', () => (libvirt.#virsh(['list']).status === 0 ? true : undefined));
    return libvirt;
  }

  /** Creates a running guest. */
  createGuest(name: string): void {
    const disk = join(this.#folder, `${name}.img`);
    writeFileSync(disk, Buffer.concat([readFileSync(fixture('guest/invalidate.img'))], DISK_BYTES));
    const xml = join(this.#folder, `${name}.xml`);
    writeFileSync(
      xml,
      `<domain type='qemu'>
  <name>${name}</name>
  <memory unit='MiB'>64</memory>
  <vcpu>1</vcpu>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <devices>
    <emulator>${QEMU}</emulator>
    <disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='${disk}'/><target dev='sda' bus='sata'/></disk>
    <iommu model='intel'/>
    <memballoon model='none'/>
  </devices>
</domain>
`,
    );
    this.virsh(['create', xml]);
  }

  /** Runs virsh; returns what it printed. Throws what it said. */
  virsh(args: readonly string[]): string {
    const { status, stdout, stderr } = this.#virsh(args);
    if (status !== 0) throw new Error(`virsh ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** Names of the guest's trace events that are on. */
  eventsOn(guest: string): readonly string[] {
    const said = this.virsh([
      'qemu-monitor-command',
      guest,
      '{"execute":"trace-event-get-state","arguments":{"name":"*"}}',
    ]);
    const { return: states } = JSON.parse(said) as {
      return: readonly { readonly name: string; readonly state: string }[];
    };
    return states.filter(({ state }) => state === 'enabled').map(({ name }) => name);
  }

  /** The guest's log, which libvirt keeps. */
  log(guest: string): string {
    return readFileSync(join(this.#folder, '_var_log_libvirt', 'qemu', `${guest}.log`), 'utf8');
  }

  /** Ends the guests and the daemon. */
  async stop(): Promise<void> {
    const names = this.#virsh(['list', '--name'])
      .stdout.split('\n')
      .filter((name) => name !== '');
    for (const name of names) this.#virsh(['destroy', name]);
    const closed = once(this.#daemon, 'close');
    this.#daemon.kill('SIGTERM');
    await Promise.race([closed, setTimeout(5000)]);
    this.#daemon.kill('SIGKILL');
  }

  #virsh(args: readonly string[]) {
    return spawnSync('virsh', ['-q', ...args], {
      env: { ...process.env, ...this.env },
      encoding: 'utf8',
    });
  }
}
