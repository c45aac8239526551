// Writes a newc cpio archive, the form the kernel takes an initramfs in. Only what an initramfs needs:
// folders, files, links and device nodes, all owned by root.

export type CpioEntry =
  | { readonly kind: 'folder'; readonly path: string }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly bytes: Uint8Array;
      readonly executable?: boolean;
    }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }
  | {
      readonly kind: 'device';
      readonly path: string;
      readonly major: number;
      readonly minor: number;
    };

const S_IFDIR = 0o040000;
const S_IFREG = 0o100000;
const S_IFLNK = 0o120000;
const S_IFCHR = 0o020000;

function mode(entry: CpioEntry): number {
  switch (entry.kind) {
    case 'folder':
      return S_IFDIR | 0o755;
    case 'file':
      return S_IFREG | (entry.executable === true ? 0o755 : 0o644);
    case 'link':
      return S_IFLNK | 0o777;
    case 'device':
      return S_IFCHR | 0o600;
  }
}

function body(entry: CpioEntry): Uint8Array {
  if (entry.kind === 'file') return entry.bytes;
  return entry.kind === 'link' ? Buffer.from(entry.target) : new Uint8Array(0);
}

/** Zero bytes up to the next multiple of four. */
const padding = (length: number): Uint8Array => new Uint8Array((4 - (length % 4)) % 4);

/** One member: 13 numbers of eight hex digits, the name with its zero, the bytes; both padded to 4. */
function member(
  path: string,
  contents: Uint8Array,
  numbers: { ino: number; mode: number; major: number; minor: number },
): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const fields = [
    numbers.ino,
    numbers.mode,
    0,
    0,
    1,
    0,
    contents.length,
    0,
    0,
    numbers.major,
    numbers.minor,
    name.length,
    0,
  ];
  const header = Buffer.from(
    `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}`,
  );
  return [header, name, padding(header.length + name.length), contents, padding(contents.length)];
}

/** The archive of the entries, in their order: a folder stands before what is in it. */
export function cpio(entries: readonly CpioEntry[]): Uint8Array {
  const parts = entries.flatMap((entry, index) =>
    member(entry.path, body(entry), {
      ino: index + 1,
      mode: mode(entry),
      major: entry.kind === 'device' ? entry.major : 0,
      minor: entry.kind === 'device' ? entry.minor : 0,
    }),
  );
  return Buffer.concat([
    ...parts,
    ...member('TRAILER!!!', new Uint8Array(0), { ino: 0, mode: 0, major: 0, minor: 0 }),
  ]);
}
