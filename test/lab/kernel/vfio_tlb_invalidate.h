/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * VFIO_IOMMU_TLB_INVALIDATE (VFIO_BASE + 23), the 2017 proposal, for the lab's kernel.
 *
 * Included by vfio_iommu_type1.c, whose structures are private to it. Serves two layouts at one
 * number: the explicit one of the reply to the proposal, and the opaque one of the proposal. Which
 * of them is a module parameter that may be changed while running. The rules are written down in
 * test/lab/README.md of the iotlb project; nothing here is a kernel ABI.
 */
#ifndef IOTLB_LAB_VFIO_TLB_INVALIDATE_H
#define IOTLB_LAB_VFIO_TLB_INVALIDATE_H

#include <linux/bits.h>
#include <linux/xarray.h>
#include "../iommu/iommu-pages.h"

#define LAB_PASID_BIND		_IO(VFIO_TYPE, VFIO_BASE + 22)
#define LAB_TLB_INVALIDATE	_IO(VFIO_TYPE, VFIO_BASE + 23)

#define LAB_LAYOUT_GENERIC	BIT(0)
#define LAB_LAYOUT_OPAQUE	BIT(1)

static unsigned int tlb_invalidate_layouts = LAB_LAYOUT_GENERIC | LAB_LAYOUT_OPAQUE;
module_param(tlb_invalidate_layouts, uint, 0644);
MODULE_PARM_DESC(tlb_invalidate_layouts,
		 "Layouts served by VFIO_BASE + 23: 1 explicit, 2 opaque, 3 both, 0 none (ENOTTY)");

/* The explicit layout. Hints are little-endian words that may follow it. */
struct lab_inv_generic {
	__u32 argsz;
	__u32 scope;
	__u32 flags;
	__u32 pasid;
	__u64 vaddr;
	__u64 size;
};

#define LAB_SCOPE_PASID		BIT(0)
#define LAB_SCOPE_VADDR		BIT(1)
#define LAB_FLAG_NO_PASID	BIT(0)
#define LAB_FLAG_VADDR_LEAF	BIT(1)
#define LAB_HINT_GLOBAL		BIT(0)

/* The opaque layout, and the convention for what it carries: a model, then one raw descriptor. */
struct lab_inv_opaque {
	__u32 argsz;
	__u32 length;
	__u32 model;
	__u32 desc_length;
	__le64 desc[2];
};

#define LAB_OPAQUE_HEADER	8
#define LAB_MODEL_VTD		0

/* BASE + 22: names a PASID as belonging to the container, or takes that back. */
struct lab_pasid_bind {
	__u32 argsz;
	__u32 flags;
	__u32 pasid;
	__u32 reserved;
};

#define LAB_BIND_UNBIND		BIT(0)

/* What either layout comes down to. */
struct lab_inv {
	bool by_pasid;
	bool by_range;
	bool leaf;
	u32 pasid;
	u64 start;
	u64 last;	/* inclusive */
};

/* One domain, one range. Page-table pages on the freelist are what tells a driver "not only leaves". */
static int lab_inv_range(struct iommu_domain *domain, const struct lab_inv *inv)
{
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	/* whole pages: a gather whose start is its end is taken for an empty one */
	gather.start = inv->start & PAGE_MASK;
	gather.end = inv->last | ~PAGE_MASK;
	gather.pgsize = PAGE_SIZE;

	if (!inv->leaf) {
		void *table = iommu_alloc_pages_sz(GFP_KERNEL, PAGE_SIZE);

		if (!table)
			return -ENOMEM;
		iommu_pages_list_add(&gather.freelist, table);
	}

	iommu_iotlb_sync(domain, &gather);
	return 0;
}

/*
 * A container is one address space under one domain tag, with or without PASID. So whatever is
 * restricted to a bound PASID is done for the tag: wider than asked, never narrower.
 */
static int lab_inv_container(struct vfio_iommu *iommu, const struct lab_inv *inv)
{
	struct vfio_domain *d;
	int ret = 0;

	mutex_lock(&iommu->lock);

	if (inv->by_pasid && !xa_load(&iommu->lab_pasids, inv->pasid)) {
		ret = -ENOENT;
		goto unlock;
	}

	list_for_each_entry(d, &iommu->domain_list, next) {
		if (!inv->by_range) {
			iommu_flush_iotlb_all(d->domain);
			continue;
		}
		ret = lab_inv_range(d->domain, inv);
		if (ret)
			break;
	}

unlock:
	mutex_unlock(&iommu->lock);
	return ret;
}

/* Hints: none, or one word with known bits and zeros after it. */
static int lab_check_hints(const void __user *uptr, u32 argsz)
{
	const size_t base = sizeof(struct lab_inv_generic);
	__le32 hints;
	int zero;

	if (argsz == base)
		return 0;
	if (argsz < base + sizeof(hints) || argsz > PAGE_SIZE)
		return -EINVAL;
	if (copy_from_user(&hints, uptr + base, sizeof(hints)))
		return -EFAULT;
	if (le32_to_cpu(hints) & ~LAB_HINT_GLOBAL)
		return -EOPNOTSUPP;

	zero = check_zeroed_user(uptr + base + sizeof(hints), argsz - base - sizeof(hints));
	if (zero < 0)
		return zero;
	return zero ? 0 : -EINVAL;
}

/* The rows of the reply's table that contradict themselves. */
static bool lab_generic_contradicts(u32 scope, u32 flags)
{
	if ((flags & LAB_FLAG_VADDR_LEAF) && !(scope & LAB_SCOPE_VADDR))
		return true;
	return (flags & LAB_FLAG_NO_PASID) && (scope & LAB_SCOPE_PASID);
}

static int lab_inv_generic(struct vfio_iommu *iommu, const void __user *uptr)
{
	struct lab_inv_generic req;
	struct lab_inv inv = {};
	int ret;

	if (copy_from_user(&req, uptr, sizeof(req)))
		return -EFAULT;
	if (req.argsz < sizeof(req))
		return -EINVAL;
	if (req.scope & ~(LAB_SCOPE_PASID | LAB_SCOPE_VADDR))
		return -EINVAL;
	if (req.flags & ~(LAB_FLAG_NO_PASID | LAB_FLAG_VADDR_LEAF))
		return -EINVAL;
	if (lab_generic_contradicts(req.scope, req.flags))
		return -EINVAL;

	ret = lab_check_hints(uptr, req.argsz);
	if (ret)
		return ret;

	if (req.scope & LAB_SCOPE_PASID) {
		if (req.pasid >> 20)
			return -EINVAL;
		inv.by_pasid = true;
		inv.pasid = req.pasid;
	}

	if (req.scope & LAB_SCOPE_VADDR) {
		if (!req.size || check_add_overflow(req.vaddr, req.size - 1, &inv.last))
			return -EINVAL;
		inv.by_range = true;
		inv.start = req.vaddr;
		inv.leaf = req.flags & LAB_FLAG_VADDR_LEAF;
	}

	return lab_inv_container(iommu, &inv);
}

/* The page form shared by VT-d's descriptors 2 and 6. */
static int lab_vtd_page(u64 qw1, struct lab_inv *inv)
{
	u64 order = qw1 & GENMASK_ULL(5, 0);
	u64 addr = qw1 & GENMASK_ULL(63, 12);

	if (qw1 & GENMASK_ULL(11, 7))
		return -EINVAL;
	inv->by_range = true;
	inv->leaf = qw1 & BIT_ULL(6);
	if (order >= 52) {
		inv->start = 0;
		inv->last = U64_MAX;
		return 0;
	}
	if (addr & ((1ULL << (order + 12)) - 1))
		return -EINVAL;
	inv->start = addr;
	inv->last = addr | ((1ULL << (order + 12)) - 1);
	return 0;
}

/* Domain numbers in a guest's descriptor are the guest's own: the container is the domain. */
static int lab_vtd_parse(u64 qw0, u64 qw1, struct lab_inv *inv)
{
	u64 granularity = (qw0 >> 4) & 3;

	switch (qw0 & 0xf) {
	case 2: /* IOTLB: 1 global, 2 domain, 3 page */
		if (!granularity || (qw0 & ~GENMASK_ULL(31, 16) & ~0xffULL))
			return -EINVAL;
		break;
	case 6: /* PASID-based IOTLB: 2 the PASID, 3 page */
		if (granularity < 2 || (qw0 & ~GENMASK_ULL(51, 16) & ~0x3fULL))
			return -EINVAL;
		inv->by_pasid = true;
		inv->pasid = (qw0 >> 32) & GENMASK(19, 0);
		break;
	default:
		return -EOPNOTSUPP;
	}

	if (granularity == 3)
		return lab_vtd_page(qw1, inv);
	return qw1 ? -EINVAL : 0;
}

static int lab_inv_opaque(struct vfio_iommu *iommu, const void __user *uptr)
{
	struct lab_inv_opaque req;
	struct lab_inv inv = {};
	u32 head[2];
	int ret;

	if (copy_from_user(head, uptr, sizeof(head)))
		return -EFAULT;
	/* argsz counts its own eight bytes and the data, no more and no less */
	if (head[0] < LAB_OPAQUE_HEADER || head[0] - LAB_OPAQUE_HEADER != head[1])
		return -EINVAL;
	if (head[1] != sizeof(req) - LAB_OPAQUE_HEADER)
		return -EINVAL;
	if (copy_from_user(&req, uptr, sizeof(req)))
		return -EFAULT;
	if (req.model != LAB_MODEL_VTD)
		return -EOPNOTSUPP;
	if (req.desc_length != sizeof(req.desc))
		return -EINVAL;

	ret = lab_vtd_parse(le64_to_cpu(req.desc[0]), le64_to_cpu(req.desc[1]), &inv);
	if (ret)
		return ret;
	return lab_inv_container(iommu, &inv);
}

/*
 * The second word tells the layouts apart where both are served: a scope is at most 3, a length
 * that fits the convention is 24. The first word is left to each layout's own check.
 */
static long lab_tlb_invalidate(struct vfio_iommu *iommu, unsigned long arg)
{
	const void __user *uptr = (const void __user *)arg;
	unsigned int layouts = READ_ONCE(tlb_invalidate_layouts);
	u32 word;

	if (!(layouts & (LAB_LAYOUT_GENERIC | LAB_LAYOUT_OPAQUE)))
		return -ENOTTY;
	if (copy_from_user(&word, uptr + sizeof(word), sizeof(word)))
		return -EFAULT;

	if (!(layouts & LAB_LAYOUT_OPAQUE))
		return lab_inv_generic(iommu, uptr);
	if (!(layouts & LAB_LAYOUT_GENERIC))
		return lab_inv_opaque(iommu, uptr);
	if (word <= (LAB_SCOPE_PASID | LAB_SCOPE_VADDR))
		return lab_inv_generic(iommu, uptr);
	return lab_inv_opaque(iommu, uptr);
}

static long lab_pasid_bind(struct vfio_iommu *iommu, unsigned long arg)
{
	struct lab_pasid_bind req;
	long ret = 0;

	if (!READ_ONCE(tlb_invalidate_layouts))
		return -ENOTTY;
	if (copy_from_user(&req, (const void __user *)arg, sizeof(req)))
		return -EFAULT;
	if (req.argsz < sizeof(req) || req.flags & ~LAB_BIND_UNBIND || req.reserved || req.pasid >> 20)
		return -EINVAL;

	mutex_lock(&iommu->lock);
	if (req.flags & LAB_BIND_UNBIND) {
		if (!xa_erase(&iommu->lab_pasids, req.pasid))
			ret = -ENOENT;
	} else {
		ret = xa_insert(&iommu->lab_pasids, req.pasid, xa_mk_value(1), GFP_KERNEL);
		if (ret == -EBUSY)
			ret = -EEXIST;
	}
	mutex_unlock(&iommu->lock);
	return ret;
}

#endif
