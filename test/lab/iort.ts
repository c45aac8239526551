// Upgrades an ACPI IORT table so that Linux believes what SMMUv3 nesting needs: that the root complex
// keeps a device's no-snoop writes coherent (CANWBS). Pure; the kernel takes the result from the initramfs.

import { ToolError } from '../../collector/base/index.ts';

const NODE_ROOT_COMPLEX = 2;
/** Offset of the memory access flags in a root complex node: 16 of header, then 7 bytes of properties. */
const ACCESS_FLAGS_AT = 16 + 7;
/** CPM and DACS are bits 0 and 1; this one says that no-snoop writes stay coherent. */
const CANWBS = 1 << 2;

const LENGTH_AT = 4;
const CHECKSUM_AT = 9;
const OEM_REVISION_AT = 24;
const NODE_COUNT_AT = 36;
const NODE_OFFSET_AT = 40;

/** The table with CANWBS set on every root complex, a higher revision and a mended checksum. */
export function upgradeIort(table: Uint8Array): Uint8Array {
  const out = Uint8Array.from(table);
  const view = new DataView(out.buffer);
  if (
    String.fromCharCode(...out.subarray(0, 4)) !== 'IORT' ||
    view.getUint32(LENGTH_AT, true) !== out.length
  ) {
    throw new ToolError('E_FORMAT', `an ACPI table of ${table.length} bytes is not a whole IORT`);
  }
  let at = view.getUint32(NODE_OFFSET_AT, true);
  let changed = 0;
  for (let node = 0; node < view.getUint32(NODE_COUNT_AT, true); node++) {
    if (out[at] === NODE_ROOT_COMPLEX) {
      out[at + ACCESS_FLAGS_AT] |= CANWBS;
      changed++;
    }
    at += view.getUint16(at + 1, true);
  }
  if (changed === 0) throw new ToolError('E_FORMAT', 'the IORT has no root complex');
  view.setUint32(OEM_REVISION_AT, view.getUint32(OEM_REVISION_AT, true) + 1, true);
  out[CHECKSUM_AT] = 0;
  out[CHECKSUM_AT] = -out.reduce((sum, byte) => sum + byte, 0) & 0xff;
  return out;
}
