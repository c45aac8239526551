// One open iommufd, the device bound to it where one is needed, and everything made through it. Frees all
// of it in reverse order; what a crash leaves, the kernel frees when it closes the descriptors.

import { release } from 'node:os';

import { ToolError } from '../../../collector/base/index.ts';
import { UndoStack } from '../undo-stack.ts';
import type { VfioDevice } from './device.ts';
import {
  HWPT_NEST_PARENT,
  allocHwpt,
  allocIoas,
  attach,
  bindIommufd,
  destroy,
  detach,
} from './kernel.ts';

export interface BoundDevice {
  readonly address: string;
  readonly fd: number;
  /** The kernel's id of it. */
  readonly id: number;
}

/** A second stage for guests, over an address space of its own. */
export interface NestingParent {
  readonly ioas: number;
  readonly parent: number;
}

export class IommufdSession {
  readonly iommufd: number;
  readonly kernel = release();
  readonly #undo = new UndoStack();

  /** Throws ToolError. */
  constructor() {
    this.iommufd = this.#undo.open('/dev/iommu');
  }

  bind({ address, node }: VfioDevice): BoundDevice {
    const fd = this.#undo.open(node);
    return { address, fd, id: bindIommufd(fd, this.iommufd) };
  }

  ioas(): number {
    return this.own(allocIoas(this.iommufd));
  }

  /** `device` is the kernel's id of the device that the parent is for. */
  nestingParent(device: number, ioas = this.ioas()): NestingParent {
    const parent = this.own(
      allocHwpt(this.iommufd, {
        what: 'making a nesting parent',
        device,
        parent: ioas,
        flags: HWPT_NEST_PARENT,
        dataType: 0,
        data: undefined,
      }),
    );
    return { ioas, parent };
  }

  /** Attaches the whole device or one PASID, until the end. */
  attach(device: BoundDevice, pageTable: number, pasid?: number): void {
    attach(device.fd, pageTable, pasid);
    this.#undo.push(() => detach(device.fd, pasid));
  }

  /** Registers an object to be destroyed at the end. Returns its id. */
  own(id: number): number {
    this.#undo.push(() => destroy(this.iommufd, id));
    return id;
  }

  close(): void {
    this.#undo.run();
  }
}

/** Opens a session and sets up in it; where that fails, all that was made is freed. */
export function openSession<T>(setUp: (session: IommufdSession) => T): T {
  const session = new IommufdSession();
  try {
    return setUp(session);
  } catch (error) {
    session.close();
    throw error;
  }
}

/** Throws where no device was named: an issuer touches only what it is told to. */
export function requireDevice(device: string | undefined, issuer: string): string {
  if (device !== undefined) return device;
  throw new ToolError(
    'E_USAGE',
    `issuer '${issuer}' touches only a device it is told to; nothing was opened`,
    { hint: 'give --device' },
  );
}
