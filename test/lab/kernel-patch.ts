// Changes the lab kernels' sources. x86-64: hooks our file into VFIO's type1 driver and makes VT-d's nesting
// capability read as present. arm64: a boot parameter that hides range invalidation; without it nothing
// differs. Owns the anchors; refuses when one is not found exactly once.

import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '../../collector/base/index.ts';
import { type Arch, labSource } from './cache.ts';

interface Edit {
  /** Text that stands exactly once in the file. */
  readonly anchor: string;
  readonly before?: string;
  readonly after?: string;
  readonly instead?: string;
}

export interface FilePatch {
  readonly file: string;
  readonly why: string;
  readonly edits: readonly Edit[];
}

/** Our source file, as it is named beside the driver that includes it. */
const HOOK_FILE = 'vfio_tlb_invalidate.h';

const X86_64: readonly FilePatch[] = [
  {
    file: 'drivers/vfio/vfio_iommu_type1.c',
    why: 'serves VFIO_BASE + 23 and its companion + 22 from our own file',
    edits: [
      {
        anchor: 'struct list_head\temulated_iommu_groups;\n',
        after: '\tstruct xarray\t\tlab_pasids;\n',
      },
      {
        anchor: 'static int put_pfn(unsigned long pfn, int prot);\n',
        before: `#include "${HOOK_FILE}"\n\n`,
      },
      {
        anchor: '\tmutex_init(&iommu->device_list_lock);\n',
        after: '\txa_init(&iommu->lab_pasids);\n',
      },
      {
        anchor: '\tvfio_iommu_iova_free(&iommu->iova_list);\n\n\tkfree(iommu);\n',
        before: '\txa_destroy(&iommu->lab_pasids);\n',
      },
      {
        anchor: '\t\treturn vfio_iommu_type1_dirty_pages(iommu, arg);\n',
        after:
          '\tcase LAB_PASID_BIND:\n\t\treturn lab_pasid_bind(iommu, arg);\n' +
          '\tcase LAB_TLB_INVALIDATE:\n\t\treturn lab_tlb_invalidate(iommu, arg);\n',
      },
    ],
  },
  {
    file: 'drivers/iommu/intel/iommu.h',
    why: "takes nesting for present: QEMU's VT-d model has no such capability bit",
    edits: [
      {
        anchor: '#define ecap_nest(e)\t\t(((e) >> 26) & 0x1)',
        instead: '#define ecap_nest(e)\t\t(((void)(e)), 1)',
      },
    ],
  },
];

/** Hides range invalidation from Linux's SMMUv3 driver: QEMU's SMMU always has it, real ones may not. */
export const NO_RANGE_PARAMETER = 'arm_smmu_v3.lab_no_range';

const ARM64: readonly FilePatch[] = [
  {
    file: 'drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.c',
    why: 'lets a boot parameter hide range invalidation; without it the driver is as it was',
    edits: [
      {
        anchor: 'static bool disable_msipolling;\n',
        before: 'static bool lab_no_range;\nmodule_param(lab_no_range, bool, 0444);\n\n',
      },
      {
        anchor: '\tif (FIELD_GET(IDR3_RIL, reg))\n',
        instead: '\tif (FIELD_GET(IDR3_RIL, reg) && !lab_no_range)\n',
      },
    ],
  },
];

export const PATCHES: Readonly<Record<Arch, readonly FilePatch[]>> = {
  x86_64: X86_64,
  arm64: ARM64,
};

/** Our own sources that the patched files include, by where they go. */
const HOOKS: Readonly<Record<Arch, Readonly<Record<string, string>>>> = {
  x86_64: { 'drivers/vfio': HOOK_FILE },
  arm64: {},
};

/** Everything of ours that goes into a kernel's source, as one text: a change of it builds again. */
export const patchRecipe = (arch: Arch): readonly string[] => [
  JSON.stringify(PATCHES[arch]),
  ...Object.values(HOOKS[arch]).map((file) => readFileSync(labSource('kernel', file), 'utf8')),
];

/** The text with one edit made. */
function applyEdit(text: string, edit: Edit, file: string): string {
  const at = text.indexOf(edit.anchor);
  if (at < 0 || text.includes(edit.anchor, at + 1)) {
    const label = edit.anchor.trim().split('\n')[0];
    throw new ToolError('E_MISMATCH', `${file}: '${label}' does not stand there exactly once`, {
      hint: 'this kernel version is new to the lab: mend the anchor in test/lab/kernel-patch.ts',
    });
  }
  const replaced = edit.instead ?? `${edit.before ?? ''}${edit.anchor}${edit.after ?? ''}`;
  return text.slice(0, at) + replaced + text.slice(at + edit.anchor.length);
}

/** The whole file with its edits. */
export const patchText = (text: string, patch: FilePatch): string =>
  patch.edits.reduce((done, edit) => applyEdit(done, edit, patch.file), text);

/** Writes only what differs, so that an unchanged file is not compiled again. */
function writeIfNew(path: string, text: string): void {
  if (!existsSync(path) || readFileSync(path, 'utf8') !== text) writeFileSync(path, text);
}

/** Patches an unpacked tree; keeps the original of each file beside it, so that it can be run again. */
export function patchTree(arch: Arch, tree: string): void {
  for (const patch of PATCHES[arch]) {
    const path = join(tree, patch.file);
    const original = join(dirname(path), `.${basename(path)}.original`);
    if (!existsSync(original)) copyFileSync(path, original);
    writeIfNew(path, patchText(readFileSync(original, 'utf8'), patch));
  }
  for (const [folder, file] of Object.entries(HOOKS[arch])) {
    writeIfNew(join(tree, folder, file), readFileSync(labSource('kernel', file), 'utf8'));
  }
}
