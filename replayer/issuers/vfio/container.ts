// A VFIO container with one group in it, on type1 version 2 (spec 1.2, 1.3; Linux include/uapi/linux/vfio.h).
// Owns both descriptors; closing them gives everything back.

import { release } from 'node:os';

import { ToolError } from '../../../collector/base/index.ts';
import { errno, ioctl } from '../../calls/native.ts';
import { windowAt, type IovaWindow } from '../../calls/iova-windows.ts';
import { PinnedMemory } from '../../calls/pinned.ts';
import { RefusedCall, call } from '../refused-call.ts';
import { UndoStack } from '../undo-stack.ts';
import type { VfioGroup } from './group.ts';

const VFIO_SET_IOMMU = 0x3b66;
const VFIO_GROUP_GET_STATUS = 0x3b67;
const VFIO_GROUP_SET_CONTAINER = 0x3b68;
const VFIO_GROUP_UNSET_CONTAINER = 0x3b69;
const VFIO_IOMMU_GET_INFO = 0x3b70;
const TYPE1_V2 = 3;
const GROUP_VIABLE = 1;
const CAP_IOVA_RANGE = 1;
/** What GET_INFO may answer: its structure and the chain of capabilities behind it. */
const INFO_BYTES = 4096;

export class VfioContainer {
  readonly fd: number;
  readonly kernel = release();
  readonly #undo = new UndoStack();

  /** Throws ToolError; then everything opened before is closed again. */
  constructor({ node }: VfioGroup) {
    try {
      this.fd = this.#undo.open('/dev/vfio/vfio');
      const group = this.#undo.open(node);
      requireViable(group, node);
      const container = new PinnedMemory(4);
      container.view.setInt32(0, this.fd, true);
      must(group, VFIO_GROUP_SET_CONTAINER, container.address, 'putting the group in a container');
      this.#undo.push(() => void ioctl(group, VFIO_GROUP_UNSET_CONTAINER, 0));
      must(this.fd, VFIO_SET_IOMMU, TYPE1_V2, 'choosing type1 version 2 for the container');
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** The addresses that may be mapped; everything where the kernel does not say. */
  windows(): readonly IovaWindow[] {
    const info = call(
      this.fd,
      VFIO_IOMMU_GET_INFO,
      INFO_BYTES,
      'asking the container',
      () => undefined,
    );
    for (let at = info.getUint32(16, true); at !== 0; at = info.getUint32(at + 4, true)) {
      if (info.getUint16(at, true) !== CAP_IOVA_RANGE) continue;
      const count = info.getUint32(at + 8, true);
      return Array.from({ length: count }, (_, i) => windowAt(info, at + 16 + i * 16));
    }
    throw new ToolError(
      'E_NOT_SUPPORTED',
      'the kernel does not say which addresses may be mapped; nothing was issued',
      { hint: 'a kernel of 5.4 or newer does' },
    );
  }

  close(): void {
    this.#undo.run();
  }
}

function must(fd: number, request: number, argument: number, what: string): void {
  if (ioctl(fd, request, argument) < 0) throw new RefusedCall(what, errno());
}

function requireViable(group: number, node: string): void {
  const status = call(group, VFIO_GROUP_GET_STATUS, 8, 'looking at the group', () => undefined);
  if ((status.getUint32(4, true) & GROUP_VIABLE) !== 0) return;
  throw new ToolError(
    'E_NO_DEVICE',
    `${node}: the group is not viable: a device of it is on another driver; nothing was issued`,
  );
}
