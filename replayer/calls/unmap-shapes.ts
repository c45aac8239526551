// Map and unmap as iommufd and VFIO type1 want them (spec 1.3, 2.3; Linux include/uapi/linux/iommufd.h and
// vfio.h). Both write the unmapped bytes back into the length: the same number, so a structure can be reused.

import type { MapUnmapShape } from './unmap-calls.ts';

const READ_WRITE = 3;
const FIXED_READABLE_WRITEABLE = 7;

/** IOMMU_IOAS_MAP (40 bytes) and IOMMU_IOAS_UNMAP (24). */
export function ioasShape(ioas: number): MapUnmapShape {
  return {
    mapRequest: 0x3b85,
    mapBytes: 40,
    unmapRequest: 0x3b86,
    unmapBytes: 24,
    putMap(view, at, { iova, bytes, memory }) {
      view.setUint32(at, 40, true);
      view.setUint32(at + 4, FIXED_READABLE_WRITEABLE, true);
      view.setUint32(at + 8, ioas, true);
      view.setBigUint64(at + 16, memory, true);
      view.setBigUint64(at + 24, bytes, true);
      view.setBigUint64(at + 32, iova, true);
    },
    putUnmap(view, at, { iova, bytes }) {
      view.setUint32(at, 24, true);
      view.setUint32(at + 4, ioas, true);
      view.setBigUint64(at + 8, iova, true);
      view.setBigUint64(at + 16, bytes, true);
    },
  };
}

/** VFIO_IOMMU_MAP_DMA (32 bytes) and VFIO_IOMMU_UNMAP_DMA (24). */
export const type1Shape: MapUnmapShape = {
  mapRequest: 0x3b71,
  mapBytes: 32,
  unmapRequest: 0x3b72,
  unmapBytes: 24,
  putMap(view, at, { iova, bytes, memory }) {
    view.setUint32(at, 32, true);
    view.setUint32(at + 4, READ_WRITE, true);
    view.setBigUint64(at + 8, memory, true);
    view.setBigUint64(at + 16, iova, true);
    view.setBigUint64(at + 24, bytes, true);
  },
  putUnmap(view, at, { iova, bytes }) {
    view.setUint32(at, 24, true);
    view.setBigUint64(at + 8, iova, true);
    view.setBigUint64(at + 16, bytes, true);
  },
};
