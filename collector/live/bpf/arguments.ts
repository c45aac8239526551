// Where the arguments of a static probe are, from the assembler's words in its note (`-4@-12(%rbp)`), as
// programs/probes.bpf.c takes it. What cannot be said there is refused, never guessed.

const SITE_ARGS = 8;
const SITE_HEAD_BYTES = 16;
const ARGUMENT_BYTES = 24;
export const SITE_BYTES = SITE_HEAD_BYTES + SITE_ARGS * ARGUMENT_BYTES;
const KIND = { constant: 1, register: 2, memory: 3 } as const;

/** Bytes from the start of the saved registers (struct pt_regs). */
const X86: Readonly<Record<string, number>> = {
  r15: 0,
  r14: 8,
  r13: 16,
  r12: 24,
  bp: 32,
  bx: 40,
  r11: 48,
  r10: 56,
  r9: 64,
  r8: 72,
  ax: 80,
  cx: 88,
  dx: 96,
  si: 104,
  di: 112,
  ip: 128,
  sp: 152,
};

interface Argument {
  readonly kind: number;
  readonly at: number;
  readonly value: bigint;
  /** Negative: signed. */
  readonly size: number;
}

export interface Site {
  readonly index: number;
  /** A bit for each argument that is the address of a text. */
  readonly texts: number;
  /** The note's words. */
  readonly args: string;
}

/** The site as the program's map has it; undefined where an argument cannot be read. */
export function siteBytes({ index, texts, args }: Site, arch: string): Buffer | undefined {
  const words = splitArguments(args).slice(0, SITE_ARGS);
  const bytes = Buffer.alloc(SITE_BYTES);
  bytes.writeUInt32LE(index, 0);
  bytes.writeUInt32LE(words.length, 4);
  bytes.writeUInt32LE(texts, 8);
  for (const [i, word] of words.entries()) {
    const argument = parseArgument(word, arch);
    if (argument === undefined) return undefined;
    const at = SITE_HEAD_BYTES + i * ARGUMENT_BYTES;
    bytes.writeUInt32LE(argument.kind, at);
    bytes.writeUInt32LE(argument.at, at + 4);
    bytes.writeBigInt64LE(BigInt.asIntN(64, argument.value), at + 8);
    bytes.writeUInt32LE(64 - 8 * Math.abs(argument.size), at + 16);
    bytes.writeUInt32LE(argument.size < 0 ? 1 : 0, at + 20);
  }
  return bytes;
}

/** arm64 has spaces inside brackets: `8@[sp, 16] 4@x1`. */
function splitArguments(args: string): readonly string[] {
  return args.match(/(?:[^\s[]+(?:\[[^\]]*\])?)/g) ?? [];
}

function parseArgument(word: string, arch: string): Argument | undefined {
  const [, sizeText, place] = /^(-?[1248])@(.+)$/.exec(word) ?? [];
  if (place === undefined) return undefined;
  const size = Number(sizeText);
  const parsed = arch === 'arm64' ? arm64Place(place) : x86Place(place);
  return parsed === undefined ? undefined : { ...parsed, size };
}

type Place = Omit<Argument, 'size'>;

function x86Place(place: string): Place | undefined {
  const constant = /^\$(-?(?:0x[0-9a-f]+|\d+))$/i.exec(place)?.[1];
  if (constant !== undefined) return { kind: KIND.constant, at: 0, value: integer(constant) };
  const [, distance, base] = /^(-?(?:0x[0-9a-f]+|\d+))?\(%(\w+)\)$/i.exec(place) ?? [];
  if (base !== undefined) {
    const at = x86Register(base);
    return at === undefined
      ? undefined
      : { kind: KIND.memory, at, value: integer(distance ?? '0') };
  }
  const at = x86Register(/^%(\w+)$/.exec(place)?.[1] ?? '');
  return at === undefined ? undefined : { kind: KIND.register, at, value: 0n };
}

/** `rax`, `eax`, `ax`, `al` are one register; `r10d`, `r10w`, `r10b` too. `ah` and its kin are none. */
function x86Register(name: string): number | undefined {
  const numbered = /^(r(?:8|9|1[0-5]))[dwb]?$/.exec(name)?.[1];
  if (numbered !== undefined) return X86[numbered];
  const byte = /^([abcd])l$/.exec(name)?.[1];
  if (byte !== undefined) return X86[`${byte}x`];
  const short = /^(si|di|bp|sp)l$/.exec(name)?.[1];
  return X86[short ?? name.replace(/^[re](?=(?:[abcd]x|[sd]i|[bs]p|ip)$)/, '')];
}

function arm64Place(place: string): Place | undefined {
  if (/^-?\d+$/.test(place)) return { kind: KIND.constant, at: 0, value: BigInt(place) };
  const [, base, distance] = /^\[(x\d+|sp)(?:, ?(-?\d+))?\]$/.exec(place) ?? [];
  if (base !== undefined) {
    const at = arm64Register(base);
    return at === undefined ? undefined : { kind: KIND.memory, at, value: BigInt(distance ?? '0') };
  }
  const at = arm64Register(place);
  return at === undefined ? undefined : { kind: KIND.register, at, value: 0n };
}

function arm64Register(name: string): number | undefined {
  if (name === 'sp') return 8 * 31;
  const number = Number(/^[xw](\d+)$/.exec(name)?.[1] ?? Number.NaN);
  return number <= 30 ? 8 * number : undefined;
}

/** BigInt takes no sign before 0x. */
function integer(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}
