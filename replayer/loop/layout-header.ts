// The C header of the memory layout, as text, made from the one table in layout.ts. `npm run build:native`
// writes it beside the C sources; a test compares the file with this text byte for byte.

import { GAP_WHERE, GROUPING, LAYOUT, LAYOUT_VERSION, STRUCTS, type FieldType } from './layout.ts';

const C_TYPE: Readonly<Record<FieldType, string>> = {
  u32: 'uint32_t',
  i32: 'int32_t',
  i64: 'int64_t',
  u64: 'uint64_t',
  f64: 'double',
  at: 'uint64_t',
};

export function layoutHeader(): string {
  const lines = [
    '/* Made from replayer/loop/layout.ts by npm run build:native; not to be edited. */',
    '#ifndef IOTLB_LAYOUT_H',
    '#define IOTLB_LAYOUT_H',
    '#include <stddef.h>',
    '#include <stdint.h>',
    '',
    `#define LAYOUT_VERSION ${LAYOUT_VERSION}u`,
    ...Object.entries(GAP_WHERE).map(
      ([name, value]) => `#define GAP_WHERE_${name.toUpperCase()} ${value}u`,
    ),
    ...Object.entries(GROUPING).map(
      ([name, value]) => `#define GROUPING_${name.toUpperCase()} ${value}u`,
    ),
  ];
  for (const [name, fields] of Object.entries(STRUCTS)) {
    const struct = LAYOUT[name as keyof typeof LAYOUT];
    lines.push('', `struct ${name} {`);
    for (const field of fields)
      lines.push(`\t${C_TYPE[field.type]} ${field.name}; /* ${field.help} */`);
    lines.push('};', `_Static_assert(sizeof(struct ${name}) == ${struct.bytes}, "${name}");`);
    for (const [each, { at }] of struct.fields)
      lines.push(`_Static_assert(offsetof(struct ${name}, ${each}) == ${at}, "${name}.${each}");`);
  }
  return [...lines, '', '#endif', ''].join('\n');
}
