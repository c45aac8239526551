// QEMU's SMMUv3 trace events: `smmuv3_cmdq_opcode` names a command, the lines up to the next one carry its
// fields. One ranged command is printed as several power-of-two pieces, which are joined (spec 6.7).

import { NameTable, type TextCursor } from '../../base/index.ts';
import { ALL_PAGES, FLAG, KIND, PRESENT, SCOPE } from '../../model/index.ts';
import type { LineVerdict, OpenFamily, QemuContext, QemuFamily } from './family.ts';
import { decimalAfter, field, hexAfter, pageAfter } from './fields.ts';

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

/** Commands by QEMU's name; QEMU runs none of the EL2 and EL3 ones, so these and new ones are `other`. */
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
const STREAM_START = field('start=0x');
const STREAM_END = field(' - end=0x');
const SID = field('sid=0x');
const PROD = field('prod=');

/** log2 of the 4 KiB pages of a granule, by TG; without a TG one address is meant: its page. */
const GRANULE_ORDER = [0, 0, 2, 4] as const;

export const smmuv3Family: QemuFamily = {
  name: 'smmuv3',
  iommu: 'Arm SMMUv3 (emulated by QEMU)',
  stream: 'smmuv3 command queue',
  open: (context) => new SmmuLog(context).family(),
};

class SmmuLog {
  readonly #context: QemuContext;
  readonly #cursor: TextCursor;
  /** The command that the lines now belong to; undefined between commands and after a damaged line. */
  #command: Command | undefined;
  /** A command was there and was given up: its further lines are not news. */
  #spoilt = false;
  #now = 0;
  #place = 0;
  #submission = 0;
  #vmid = -1;
  #asid = -1;
  #source = -1;
  /** The range in 4 KiB pages; empty where no piece came. */
  #first = 0;
  #end = 0;
  #leaf = true;
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
      ['smmuv3_cmdq_consume', () => this.#consume()],
      ['smmuv3_cmdq_consume_out', () => this.#consumeOut()],
      ['smmuv3_cmdq_tlbi_nh_asid', () => (this.#asid = decimalAfter(this.#cursor, ASID)) >= 0],
      ['smmuv3_cmdq_tlbi_nh', () => (this.#vmid = decimalAfter(this.#cursor, VMID)) >= 0],
      ['smmuv3_cmdq_tlbi_s12_vmid', () => (this.#vmid = decimalAfter(this.#cursor, VMID)) >= 0],
      ['smmu_iotlb_inv_asid_vmid', () => this.#asidAndVmid()],
      ['smmuv3_cmdq_cfgi_ste', () => (this.#source = hexAfter(this.#cursor, STREAM_ID)) >= 0],
      ['smmuv3_cmdq_cfgi_ste_range', () => this.#steRange()],
      ['smmuv3_cmdq_cfgi_cd', () => (this.#source = hexAfter(this.#cursor, SID)) >= 0],
    ];
    return {
      events: handlers.map(([name]) => name),
      handle: (event) => this.#verdict(handlers[event][1]()),
      spoil: (event) => this.#cut(event),
      end: () => this.#emit(),
    };
  }

  #verdict(good: boolean): LineVerdict {
    if (good && this.#cursor.ok) return 'used';
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
    this.#command = COMMANDS.find(cursor.bytes, cursor.at, cursor.end) ?? other;
    this.#spoilt = false;
    if (this.#newDoorbell) this.#doorbells++;
    this.#newDoorbell = false;
    this.#submission = this.#doorbells;
    this.#now = this.#context.now();
    this.#place = this.#context.place();
    this.#vmid = -1;
    this.#asid = -1;
    this.#source = -1;
    this.#first = 0;
    this.#end = 0;
    this.#leaf = true;
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
    decimalAfter(cursor, STAGE);
    if (!cursor.ok || !cursor.atEnd() || granule === undefined || granules === 0) return false;
    if (this.#command === undefined) return this.#spoilt || this.#headless();
    const end = page + granules * 2 ** granule;
    const isFirst = this.#end === 0;
    this.#first = isFirst ? page : Math.min(this.#first, page);
    this.#end = Math.max(this.#end, end);
    this.#leaf &&= leaf !== 0;
    this.#vmid = vmid;
    this.#asid = asid;
    return true;
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
    const start = hexAfter(this.#cursor, STREAM_START);
    const end = hexAfter(this.#cursor, STREAM_END);
    if (start === end) this.#source = start; // several streams: no one source restricts
    return true;
  }

  /** Printed before each command; a moved producer index is a new doorbell. */
  #consume(): boolean {
    const producer = decimalAfter(this.#cursor, PROD);
    if (producer !== this.#producer) this.#newDoorbell = true;
    this.#producer = producer;
    return true;
  }

  #consumeOut(): boolean {
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
      this.#context.lose(this.#place, 'command without its range');
      return;
    }
    const { out } = this.#context;
    const row = this.#context.rowAt(this.#now);
    out.kind[row] = command.kind;
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
  }
}
