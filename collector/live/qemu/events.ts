// The cheapest set of trace events that carries each IOMMU's stream: every line costs the guest time.
// Events of IOMMUs that a guest does not have never fire and cost nothing.

/** VT-d says all in one line a descriptor; the doorbell is one more line a submission. */
const DOORBELLS = ['vtd_inv_qi_tail'] as const;

const NEEDED = [
  'vtd_inv_desc',
  // SMMUv3 prints a command as its name, then its fields.
  'smmuv3_cmdq_opcode',
  'smmuv3_cmdq_cfgi_ste',
  'smmuv3_cmdq_cfgi_ste_range',
  'smmuv3_cmdq_cfgi_cd',
  'smmuv3_cmdq_tlbi_nh',
  'smmuv3_cmdq_tlbi_nh_asid',
  'smmuv3_cmdq_tlbi_s12_vmid',
  'smmuv3_range_inval',
  'smmu_iotlb_inv_asid_vmid',
  'virtio_iommu_unmap',
  'riscv_iommu_cmd',
  'amdvi_pages_inval',
  'amdvi_devtab_inval',
  'amdvi_iotlb_inval',
  'amdvi_all_inval',
  'amdvi_intr_inval',
  'amdvi_completion_wait',
] as const;

export function liveEvents(doorbells: boolean): readonly string[] {
  return doorbells ? [...NEEDED, ...DOORBELLS] : NEEDED;
}
