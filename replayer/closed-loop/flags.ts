// The closed loop's options as a user gives them, with the defaults that follow from the recording.

import type { TraceHeader } from '../../collector/model/index.ts';
import { ToolError, parseDurationNs } from '../../collector/base/index.ts';
import { SERIALS, SERVERS, type LoopOptions, type Serial } from './options.ts';
import { isInsideDoorbell, type Grouping } from '../strategies/grouping.ts';

export interface LoopFlags {
  readonly serial?: string;
  readonly servers?: string;
  readonly exit?: string;
  readonly poll?: string;
  readonly streamWaiters?: string;
}

type IommuFamily = TraceHeader['iommu']['family'];

export interface GivenOptions extends LoopOptions {
  /** False where a cost that strategies which hold would pay was not given: then none of them is called better. */
  readonly areCostsGiven: boolean;
}

export function loopOptions(
  flags: LoopFlags,
  family: IommuFamily,
  groupings: readonly Grouping[],
): GivenOptions {
  return {
    serial: oneOf(flags.serial, SERIALS, '--serial') ?? defaultSerial(family, groupings),
    servers: oneOf(flags.servers, SERVERS, '--servers') ?? 'stream',
    exitNs: flags.exit === undefined ? 0 : parseDurationNs(flags.exit, '--exit'),
    pollNs: flags.poll === undefined ? 0 : parseDurationNs(flags.poll, '--poll'),
    areCostsGiven: flags.exit !== undefined && flags.poll !== undefined,
  };
}

/**
 * What a guest's driver holds while it waits, by IOMMU (design §13, who waits). VT-d: `cache_lock` of the
 * domain; where every call is made inside the doorbell, the tail register is written with `q_lock` held, so one
 * wait per device. SMMUv3: nothing. virtio-iommu: `request_lock`. AMD: `dom->lock`. Recent Linux; guests before
 * cache tags (2024) wait per CPU on VT-d, which `--serial cpu` says.
 */
export function defaultSerial(family: IommuFamily, groupings: readonly Grouping[]): Serial {
  switch (family) {
    case 'smmuv3':
    case 'riscv':
      return 'cpu';
    case 'virtio-iommu':
      return 'device';
    case 'vtd':
      return groupings.every(isInsideDoorbell) ? 'device' : 'domain';
    case 'amdvi':
    case 'mixed':
    case 'unknown':
      return 'domain';
  }
}

function oneOf<Name extends string>(
  text: string | undefined,
  names: readonly Name[],
  flag: string,
): Name | undefined {
  if (text === undefined) return undefined;
  const name = names.find((each) => each === text);
  if (name === undefined) {
    throw new ToolError('E_USAGE', `${flag}: '${text}' is not known`, {
      hint: `one of ${names.join(', ')}`,
    });
  }
  return name;
}
