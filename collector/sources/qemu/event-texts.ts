// The texts of our events as QEMU prints them, by version: what a log is searched for, what the table in
// docs/event-texts.md lists, and how the binary backend's arguments are named. Newest first.

/** Each event's texts from QEMU 4.2 to today, newest first. `%s` is a string, `%d` signed, `%x` hex. */
export const EVENT_TEXTS: Readonly<Record<string, readonly string[]>> = {
  vtd_inv_desc: ['invalidate desc type %s high 0x%x low 0x%x'],
  vtd_inv_qi_tail: ['write tail %d'],
  smmuv3_cmdq_opcode: ['<--- %s'],
  smmuv3_cmdq_consume: ['prod=%d cons=%d prod.wrap=%d cons.wrap=%d'],
  smmuv3_cmdq_consume_out: ['prod:%d, cons:%d, prod_wrap:%d, cons_wrap:%d '],
  smmuv3_cmdq_cfgi_ste: ['streamid= 0x%x', 'streamid =%d'],
  // Before 5.2 the numbers behind `0x` were decimal.
  smmuv3_cmdq_cfgi_ste_range: ['start=0x%x - end=0x%x', 'start=0x%d - end=0x%d'],
  smmuv3_cmdq_cfgi_cd: ['sid=0x%x', 'streamid = %d'],
  smmuv3_cmdq_tlbi_nh: ['vmid=%d', ''],
  smmuv3_cmdq_tlbi_nh_asid: ['asid=%d'],
  smmuv3_cmdq_tlbi_s12_vmid: ['vmid=%d'],
  smmuv3_range_inval: [
    'vmid=%d asid=%d addr=0x%x tg=%d num_pages=0x%x ttl=%d leaf=%d stage=%d',
    'vmid=%d asid=%d addr=0x%x tg=%d num_pages=0x%x ttl=%d leaf=%d',
  ],
  smmuv3_s1_range_inval: ['vmid=%d asid=%d addr=0x%x tg=%d num_pages=0x%x ttl=%d leaf=%d'],
  smmuv3_cmdq_tlbi_nh_va: ['vmid =%d asid =%d addr=0x%x leaf=%d'],
  smmuv3_cmdq_tlbi_nh_vaa: ['vmid =%d addr=0x%x'],
  smmu_iotlb_inv_asid_vmid: ['IOTLB invalidate asid=%d vmid=%d'],
  smmu_iotlb_inv_asid: ['IOTLB invalidate asid=%d'],
  virtio_iommu_unmap: ['domain=%d virt_start=0x%x virt_end=0x%x'],
  virtio_iommu_unmap_done: ['domain=%d virt_start=0x%x virt_end=0x%x'],
  riscv_iommu_cmd: ['%s: command 0x%x 0x%x'],
  amdvi_pages_inval: ['AMD-Vi pages for domain 0x%x invalidated'],
  amdvi_devtab_inval: ['device table entry for devid: %x:%x.%x invalidated'],
  amdvi_iotlb_inval: ['IOTLB pages invalidated'],
  amdvi_all_inval: ['Invalidation of all AMD-Vi cache requested ', ''],
  amdvi_intr_inval: ['Interrupt table invalidated', ''],
  amdvi_completion_wait: ['completion wait requested with store address 0x%x and store data 0x%x'],
  amdvi_prefetch_pages: ['Pre-fetch of AMD-Vi pages requested'],
  amdvi_ppr_exec: ['Execution of PPR queue requested '],
  amdvi_unhandled_command: ['unhandled command 0x%x'],
  amdvi_command_exec: [
    'command buffer head at 0x%x command buffer tail at 0x%x command buffer base at 0x%x',
  ],
};
