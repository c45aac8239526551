// Argument lists of the events that the binary backend records without saying what they are (spec 6.8): the
// log backend's texts, from which both the kinds of the arguments and the line for the families follow.

/** Event texts of spec 6.7. `%s` is a string argument, `%d` signed, `%x` hex; each other argument is 8 bytes. */
export const SIMPLE_EVENTS: Readonly<Record<string, string>> = {
  vtd_inv_desc: 'invalidate desc type %s high 0x%x low 0x%x',
  vtd_inv_qi_tail: 'write tail %d',
  smmuv3_cmdq_opcode: '<--- %s',
  smmuv3_cmdq_consume: 'prod=%d cons=%d prod.wrap=%d cons.wrap=%d',
  smmuv3_cmdq_consume_out: 'prod:%d, cons:%d, prod_wrap:%d, cons_wrap:%d ',
  smmuv3_cmdq_cfgi_ste: 'streamid= 0x%x',
  smmuv3_cmdq_cfgi_ste_range: 'start=0x%x - end=0x%x',
  smmuv3_cmdq_cfgi_cd: 'sid=0x%x',
  smmuv3_cmdq_tlbi_nh: 'vmid=%d',
  smmuv3_cmdq_tlbi_nh_asid: 'asid=%d',
  smmuv3_cmdq_tlbi_s12_vmid: 'vmid=%d',
  smmuv3_range_inval: 'vmid=%d asid=%d addr=0x%x tg=%d num_pages=0x%x ttl=%d leaf=%d stage=%d',
  smmu_iotlb_inv_asid_vmid: 'IOTLB invalidate asid=%d vmid=%d',
  virtio_iommu_unmap: 'domain=%d virt_start=0x%x virt_end=0x%x',
  virtio_iommu_unmap_done: 'domain=%d virt_start=0x%x virt_end=0x%x',
  amdvi_pages_inval: 'AMD-Vi pages for domain 0x%x invalidated',
  amdvi_devtab_inval: 'device table entry for devid: %x:%x.%x invalidated',
  amdvi_iotlb_inval: 'IOTLB pages invalidated',
  amdvi_all_inval: '',
  amdvi_intr_inval: '',
  amdvi_completion_wait: 'completion wait requested with store address 0x%x and store data 0x%x',
  amdvi_command_exec:
    'command buffer head at 0x%x command buffer tail at 0x%x command buffer base at 0x%x',
};
