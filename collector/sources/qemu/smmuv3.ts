// QEMU's SMMUv3 trace events: `smmuv3_cmdq_opcode` names a command, the lines up to the next one carry its
// fields. One ranged command is printed as several power-of-two pieces, which are joined (spec 6.7).

import { NameTable, type TextCursor } from '../../base/index.ts';
import { ALL_PAGES, FLAG, KIND, PRESENT, SCOPE } from '../../model/index.ts';
import type { LineVerdict, OpenFamily, QemuContext, QemuFamily } from './family.ts';
import { decimalAfter, field, hexAfter, pageAfter, skips, type Field } from './fields.ts';

/** What a command of this name becomes. `ranged` ones say nothing without their range. */
interface Command {
  readonly kind: number;
  readonly ranged: boolean;
}

const tlbi: Command = { kind: KIND.iotlb, ranged: false };
const tlbiRange: Command = { kind: KIND.iotlb, ranged: true };
/** A stream table entry leads to the context as VT-d's context entry does. */
const ste: Command = { kind: KIND.contextCache, ranged: false };
/** A context descriptor belongs to one substream (PASID), as VT-d's PASID entry does. */
const cd: Command = { kind: KIND.pasidCache, ranged: false };
const other: Command = { kind: KIND.other, ranged: false };

/** Commands by QEMU's name, all that it can print; it runs none of the EL2 and EL3 ones. */
const COMMANDS = new NameTable<Command>([
  ['SMMU_CMD_CFGI_STE', ste],
  ['SMMU_CMD_CFGI_STE_RANGE', ste],
  ['SMMU_CMD_CFGI_CD', cd],
  ['SMMU_CMD_CFGI_CD_ALL', cd],
  ['SMMU_CMD_TLBI_NH_ALL', tlbi],
  ['SMMU_CMD_TLBI_NH_ASID', tlbi],
  ['SMMU_CMD_TLBI_NH_VA', tlbiRange],
  ['SMMU_CMD_TLBI_NH_VAA', tlbiRange],
  ['SMMU_CMD_TLBI_S12_VMALL', tlbi],
  ['SMMU_CMD_TLBI_S2_IPA', tlbiRange],
  ['SMMU_CMD_TLBI_NSNH_ALL', tlbi],
  ['SMMU_CMD_ATC_INV', { kind: KIND.deviceTlb, ranged: false }],
  ['SMMU_CMD_SYNC', { kind: KIND.barrier, ranged: false }],
  ...[
    'SMMU_CMD_PREFETCH_CONFIG',
    'SMMU_CMD_PREFETCH_ADDR',
    'SMMU_CMD_TLBI_EL3_ALL',
    'SMMU_CMD_TLBI_EL3_VA',
    'SMMU_CMD_TLBI_EL2_ALL',
    'SMMU_CMD_TLBI_EL2_ASID',
    'SMMU_CMD_TLBI_EL2_VA',
    'SMMU_CMD_TLBI_EL2_VAA',
    'SMMU_CMD_PRI_RESP',
    'SMMU_CMD_RESUME',
    'SMMU_CMD_STALL_TERM',
    '(null)', // a number that QEMU has no name for
    'UNKNOWN',
  ].map((name): readonly [string, Command] => [name, other]),
]);

const OPCODE = field('<--- ');
const ASID = field('asid=');
const VMID = field('vmid=');
const INV_ASID = field('IOTLB invalidate asid=');
const SPACE_VMID = field(' vmid=');
const SPACE_ASID = field(' asid=');
const ADDR = field(' addr=0x');
const TG = field(' tg=');
const NUM_PAGES = field(' num_pages=0x');
const TTL = field(' ttl=');
const LEAF = field(' leaf=');
const STAGE = field(' stage=');
const STREAM_ID = field('streamid= 0x');
const OLD_STE = field('streamid =');
const OLD_CD = field('streamid = ');
const OLD_VMID = field('vmid =');
const OLD_ASID = field(' asid =');
const CONS = field(' cons=');
const PROD_WRAP = field(' prod.wrap=');
const CONS_WRAP = field(' cons.wrap=');
const OUT_PROD = field('prod:');
const OUT_CONS = field(', cons:');
const OUT_PROD_WRAP = field(', prod_wrap:');
const OUT_CONS_WRAP = field(', cons_wrap:');
const STREAM_START = field('start=0x');
const STREAM_END = field(' - end=0x');
const SID = field('sid=0x');
const PROD = field('prod=');
const NOTHING = field('');
const BLANK = field(' ');
const DASH = field('-');

/** log2 of the 4 KiB pages of a granule, by TG; without a TG one address is meant: its page. */
const GRANULE_ORDER = [0, 0, 2, 4] as const;
/** By order: 4, 16 and 64 KiB. */
const GRANULE_FLAG = { 0: 0, 2: FLAG.granule16k, 4: FLAG.granule64k } as const;

export const smmuv3Family: QemuFamily = {
  name: 'smmuv3',
  family: 'smmuv3',
  iommu: 'Arm SMMUv3 (emulated by QEMU)',
  stream: 'smmuv3 command queue',
  wait: 'SMMU_CMD_SYNC',
  open: (context) => new SmmuLog(context).family(),
};

/** How commands that carry a range are called where all of them are lost. */
const RANGED = 'TLB invalidation by address';

class SmmuLog {
  readonly #context: QemuContext;
  readonly #cursor: TextCursor;
  /** The command that the lines now belong to; undefined between commands and after a damaged line. */
  #command: Command | undefined;
  /** A command was there and was given up: its further lines are not news. */
  #spoilt = false;
  #now = 0;
  #waiter = -1;
  #place = 0;
  #submission = 0;
  #vmid = -1;
  #asid = -1;
  #source = -1;
  /** The range in 4 KiB pages; empty where no piece came. */
  #first = 0;
  #end = 0;
  #leaf = true;
  /** Flag of the granule that the range is counted in. */
  #granule = 0;
  #doorbells = 0;
  #producer = -1;
  #newDoorbell = false;

  constructor(context: QemuContext) {
    this.#context = context;
    this.#cursor = context.cursor;
  }

  family(): OpenFamily {
    const handlers: readonly (readonly [string, () => boolean])[] = [
      ['smmuv3_cmdq_opcode', () => this.#opcode()],
      ['smmuv3_range_inval', () => this.#piece()],
      ['smmuv3_s1_range_inval', () => this.#piece()],
      ['smmuv3_cmdq_tlbi_nh_va', () => this.#oldAddress(true)],
      ['smmuv3_cmdq_tlbi_nh_vaa', () => this.#oldAddress(false)],
      ['smmuv3_cmdq_consume', () => this.#consume()],
      ['smmuv3_cmdq_consume_out', () => this.#consumeOut()],
      ['smmuv3_cmdq_tlbi_nh_asid', () => (this.#asid = decimalAfter(this.#cursor, ASID)) >= 0],
      // Before 9.1 it printed nothing: the domain is then the one that stage 1 has, 0.
      [
        'smmuv3_cmdq_tlbi_nh',
        () => this.#cursor.atEnd() || (this.#vmid = decimalAfter(this.#cursor, VMID)) >= 0,
      ],
      ['smmuv3_cmdq_tlbi_s12_vmid', () => (this.#vmid = decimalAfter(this.#cursor, VMID)) >= 0],
      ['smmu_iotlb_inv_asid_vmid', () => this.#asidAndVmid()],
      ['smmu_iotlb_inv_asid', () => (this.#asid = decimalAfter(this.#cursor, INV_ASID)) >= 0],
      ['smmuv3_cmdq_cfgi_ste', () => this.#streamId(STREAM_ID, OLD_STE)],
      ['smmuv3_cmdq_cfgi_ste_range', () => this.#steRange()],
      ['smmuv3_cmdq_cfgi_cd', () => this.#streamId(SID, OLD_CD)],
    ];
    return {
      events: handlers.map(([name]) => name),
      handle: (event) => this.#verdict(handlers[event][1]()),
      spoil: (event) => this.#cut(event),
      end: () => this.#emit(),
    };
  }

  #verdict(good: boolean): LineVerdict {
    if (good && this.#cursor.ok && this.#cursor.atEnd()) return 'used';
    this.#spoil();
    return 'damaged';
  }

  #spoil(): void {
    this.#command = undefined;
    this.#spoilt = true;
  }

  /** A cut line may have been another piece of the command's range: half a range is not kept. */
  #cut(event: number | undefined): void {
    if (event === undefined && this.#command?.ranged === true) {
      this.#context.lose(this.#place, 'command cut off by the end of the log');
    }
    this.#spoil();
  }

  #opcode(): boolean {
    this.#emit();
    const cursor = this.#cursor;
    cursor.expect(OPCODE);
    if (!cursor.ok || cursor.atEnd()) return false;
    const command = COMMANDS.find(cursor.bytes, cursor.at, cursor.end);
    if (command === undefined) return false;
    cursor.at = cursor.end;
    this.#command = command;
    this.#spoilt = false;
    if (this.#newDoorbell) this.#doorbells++;
    this.#newDoorbell = false;
    this.#submission = this.#doorbells;
    this.#now = this.#context.now();
    this.#waiter = this.#context.waiter();
    this.#place = this.#context.place();
    this.#vmid = -1;
    this.#asid = -1;
    this.#source = -1;
    this.#first = 0;
    this.#end = 0;
    this.#leaf = true;
    this.#granule = 0;
    return true;
  }

  /** One power-of-two piece of the command's range; the pieces touch, so the range is their hull. */
  #piece(): boolean {
    const cursor = this.#cursor;
    const vmid = decimalAfter(cursor, VMID);
    const asid = decimalAfter(cursor, SPACE_ASID);
    const page = pageAfter(cursor, ADDR);
    const granule = GRANULE_ORDER[decimalAfter(cursor, TG)];
    const granules = hexAfter(cursor, NUM_PAGES);
    decimalAfter(cursor, TTL);
    const leaf = decimalAfter(cursor, LEAF);
    if (!cursor.atEnd()) decimalAfter(cursor, STAGE); // from 9.1 on
    if (!cursor.ok || !cursor.atEnd() || granule === undefined || granules === 0) return false;
    if (this.#command === undefined) return this.#spoilt || this.#headless();
    const end = page + granules * 2 ** granule;
    const isFirst = this.#end === 0;
    this.#first = isFirst ? page : Math.min(this.#first, page);
    this.#end = Math.max(this.#end, end);
    this.#leaf &&= leaf !== 0;
    this.#granule = GRANULE_FLAG[granule];
    this.#vmid = vmid;
    this.#asid = asid;
    return true;
  }

  /** QEMU before 5.1: one address of one page, `vmid =0 asid =1 addr=0x… leaf=1`. */
  #oldAddress(hasAsid: boolean): boolean {
    const cursor = this.#cursor;
    const vmid = decimalAfter(cursor, OLD_VMID);
    const asid = hasAsid ? decimalAfter(cursor, OLD_ASID) : -1;
    const page = pageAfter(cursor, ADDR);
    const leaf = hasAsid ? decimalAfter(cursor, LEAF) : 0;
    if (!cursor.ok || !cursor.atEnd()) return false;
    if (this.#command === undefined) return this.#spoilt || this.#headless();
    this.#first = page;
    this.#end = page + 1;
    this.#leaf &&= leaf !== 0;
    this.#vmid = vmid;
    this.#asid = asid;
    return true;
  }

  /** A stream in hex behind `now`, or in decimal behind `old`, as QEMU before 5.2 printed it. */
  #streamId(now: Field, old: Field): boolean {
    const cursor = this.#cursor;
    this.#source = skips(cursor, now) ? hexAfter(cursor, NOTHING) : decimalAfter(cursor, old);
    return this.#source >= 0;
  }

  /** A piece whose command came before the log's start: the command is lost, once. */
  #headless(): boolean {
    this.#context.lose(this.#context.place(), 'range without its command');
    this.#spoilt = true;
    return true;
  }

  #asidAndVmid(): boolean {
    this.#asid = decimalAfter(this.#cursor, INV_ASID);
    this.#vmid = decimalAfter(this.#cursor, SPACE_VMID);
    return true;
  }

  #steRange(): boolean {
    const cursor = this.#cursor;
    const start = hexAfter(cursor, STREAM_START);
    cursor.expect(STREAM_END);
    // Before 5.2 the numbers were signed and decimal, in spite of the `0x`: what is meant stays open.
    const isOld = skips(cursor, DASH);
    const end = hexAfter(cursor, NOTHING);
    if (start === end && !isOld) this.#source = start; // several streams: no one source restricts
    return true;
  }

  /** Printed before each command; a moved producer index is a new doorbell. */
  #consume(): boolean {
    const cursor = this.#cursor;
    const producer = decimalAfter(cursor, PROD);
    const consumer = decimalAfter(cursor, CONS);
    for (const part of [PROD_WRAP, CONS_WRAP]) decimalAfter(cursor, part);
    if (!cursor.ok) return false;
    this.#context.position(0, consumer);
    if (producer !== this.#producer) this.#newDoorbell = true;
    this.#producer = producer;
    return true;
  }

  #consumeOut(): boolean {
    const cursor = this.#cursor;
    for (const part of [OUT_PROD, OUT_CONS, OUT_PROD_WRAP, OUT_CONS_WRAP]) {
      decimalAfter(cursor, part);
    }
    skips(cursor, BLANK);
    if (!cursor.ok || !cursor.atEnd()) return false;
    this.#emit();
    this.#newDoorbell = true;
    return true;
  }

  #emit(): void {
    const command = this.#command;
    if (command === undefined) return;
    this.#command = undefined;
    this.#spoilt = true; // lines after the command's end belong to nothing
    if (command.ranged && this.#end === 0) {
      this.#context.lose(this.#place, 'command without its range', RANGED);
      return;
    }
    if (command.ranged) this.#context.kept(RANGED);
    const { out } = this.#context;
    const row = this.#context.rowAt(this.#now, this.#waiter);
    out.kind[row] = command.kind;
    if (command.kind === KIND.barrier) this.#context.waited();
    out.submission[row] = this.#submission;
    if (command.kind === KIND.iotlb) this.#tlbi(row);
    if (this.#source >= 0) {
      out.sourceId[row] = this.#source;
      out.present[row] |= PRESENT.sourceId;
    }
  }

  #tlbi(row: number): void {
    const { out } = this.#context;
    if (this.#vmid >= 0) {
      out.domainId[row] = this.#vmid;
      out.present[row] |= PRESENT.domainId;
    }
    if (this.#asid >= 0) {
      out.pasid[row] = this.#asid;
      out.present[row] |= PRESENT.pasid;
      out.scope[row] |= SCOPE.pasid;
    }
    if (this.#end === 0) return;
    out.page[row] = this.#first;
    out.pages[row] = Math.min(this.#end - this.#first, ALL_PAGES);
    out.present[row] |= PRESENT.range;
    out.scope[row] |= SCOPE.vaddr;
    if (this.#leaf) out.flags[row] |= FLAG.leaf;
    out.flags[row] |= this.#granule;
  }
}
