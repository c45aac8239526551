// Compressions and encodings that are not read: their names, and the command that makes a file readable.

import { ToolError } from './errors.ts';

interface ForeignForm {
  readonly name: string;
  readonly magic: readonly number[];
  readonly command: (file: string) => string;
}

const FOREIGN: readonly ForeignForm[] = [
  {
    name: 'xz',
    magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0],
    command: (file) => `xz -dc ${file} | iotlb import -`,
  },
  {
    name: 'bzip2',
    magic: [0x42, 0x5a, 0x68],
    command: (file) => `bzip2 -dc ${file} | iotlb import -`,
  },
  {
    name: 'lz4',
    magic: [0x04, 0x22, 0x4d, 0x18],
    command: (file) => `lz4 -dc ${file} | iotlb import -`,
  },
  {
    name: 'lz4 (legacy)',
    magic: [0x02, 0x21, 0x4c, 0x18],
    command: (file) => `lz4 -dc ${file} | iotlb import -`,
  },
  {
    name: 'lzip',
    magic: [0x4c, 0x5a, 0x49, 0x50],
    command: (file) => `lzip -dc ${file} | iotlb import -`,
  },
  {
    name: 'lzop',
    magic: [0x89, 0x4c, 0x5a, 0x4f, 0, 0x0d, 0x0a, 0x1a, 0x0a],
    command: (file) => `lzop -dc ${file} | iotlb import -`,
  },
  {
    name: 'lzma',
    magic: [0x5d, 0, 0],
    command: (file) => `xz --format=lzma -dc ${file} | iotlb import -`,
  },
  {
    name: 'compress (.Z)',
    magic: [0x1f, 0x9d],
    command: (file) => `gzip -dc ${file} | iotlb import -`,
  },
  {
    name: 'a zip archive',
    magic: [0x50, 0x4b, 0x03, 0x04],
    command: (file) => `unzip -p ${file} | iotlb import -`,
  },
  {
    name: 'a 7-Zip archive',
    magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c],
    command: (file) => `7z x -so ${file} | iotlb import -`,
  },
  {
    name: 'snappy',
    magic: [0xff, 0x06, 0, 0, 0x73, 0x4e, 0x61, 0x50],
    command: (file) => `snzip -dc ${file} | iotlb import -`,
  },
];

const TAR_MAGIC = 'ustar';
const TAR_MAGIC_AT = 257;

/** Throws ToolError where `head` starts a form that is not read. `file` is how a command would name it. */
export function refuseForeign(head: Uint8Array, name: string, file: string): void {
  const found = FOREIGN.find(({ magic }) => magic.every((byte, i) => head[i] === byte));
  if (found !== undefined) {
    throw new ToolError(
      'E_FORMAT',
      `${name}: is compressed with ${found.name}, which is not read; nothing was written`,
      { hint: `unpack it on the way: '${found.command(file)}'` },
    );
  }
  const magic = Buffer.from(head.subarray(TAR_MAGIC_AT, TAR_MAGIC_AT + TAR_MAGIC.length));
  if (magic.toString('latin1') !== TAR_MAGIC) return;
  throw new ToolError(
    'E_FORMAT',
    `${name}: is a tar archive, which is not read; nothing was written`,
    {
      hint: `import its members one by one: 'tar -xOf ${file} MEMBER | iotlb import -'`,
    },
  );
}
