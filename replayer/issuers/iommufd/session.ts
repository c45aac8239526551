// One open iommufd with one device: parent and nested HWPTs made, attached, and freed in reverse order
// whatever happens. Closing the descriptors frees what a crash leaves: the kernel owns the rest.

import { release } from 'node:os';

import { ToolError } from '../../../collector/base/index.ts';
import { close, open } from '../../loop/native.ts';
import type { VfioDevice } from './device.ts';
import { HWPT_NEST_PARENT, allocHwpt, allocIoas, bindIommufd, destroy, detach } from './kernel.ts';

const O_RDWR_CLOEXEC = 0o2000002;

export class IommufdSession {
  readonly iommufd: number;
  readonly device: number;
  /** The kernel's id of the bound device. */
  readonly deviceId: number;
  readonly ioas: number;
  readonly parent: number;
  readonly kernel = release();
  readonly #undo: (() => void)[] = [];

  /** Throws ToolError; then everything made before is freed again. */
  constructor(device: VfioDevice) {
    try {
      this.iommufd = this.#open('/dev/iommu');
      this.device = this.#open(device.node);
      this.deviceId = bindIommufd(this.device, this.iommufd);
      this.ioas = this.own(allocIoas(this.iommufd));
      this.parent = this.own(
        allocHwpt(this.iommufd, {
          what: 'making a nesting parent',
          device: this.deviceId,
          parent: this.ioas,
          flags: HWPT_NEST_PARENT,
          dataType: 0,
          data: undefined,
        }),
      );
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Registers an object to be destroyed at the end. Returns its id. */
  own(id: number): number {
    this.#undo.push(() => destroy(this.iommufd, id));
    return id;
  }

  /** Registers an attachment to be undone before the objects under it are destroyed. */
  ownAttachment(pasid?: number): void {
    this.#undo.push(() => detach(this.device, pasid));
  }

  close(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) {
      try {
        undo();
      } catch (error) {
        // The rest must still be freed; closing the descriptors drops what refused.
        if (!(error instanceof ToolError)) throw error;
      }
    }
  }

  #open(path: string): number {
    const fd = open(path, O_RDWR_CLOEXEC);
    if (fd < 0) throw new ToolError('E_NO_DEVICE', `${path}: cannot be opened; nothing was issued`);
    this.#undo.push(() => void close(fd));
    return fd;
  }
}
