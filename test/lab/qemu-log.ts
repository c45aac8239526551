// Cuts QEMU's trace log at the marks a guest left, and imports a stretch of it with the collector's own
// reader. A mark is a configuration write to the device that does nothing; see initramfs.ts.

import { readFileSync } from 'node:fs';
import { EventBuilder } from '../../collector/model/index.ts';
import { importSources } from '../../collector/sources/index.ts';
import { hardwareRows, type HardwareRow } from './circle.ts';

const MARK = /pci_cfg_write pci-testdev \S+ @0x3c <- 0x([0-9a-f]+)$/;

/** The log's lines after each mark, up to the next one, by the mark's number. */
export function stretches(log: string): ReadonlyMap<number, string> {
  const found = new Map<number, string>();
  let mark: number | undefined;
  let lines: string[] = [];
  const close = (): void => {
    if (mark !== undefined) found.set(mark, lines.join(''));
  };
  for (const line of log.split('\n')) {
    const match = MARK.exec(line);
    if (match === null) {
      lines.push(`${line}\n`);
      continue;
    }
    close();
    mark = Number.parseInt(match[1], 16);
    lines = [];
  }
  close();
  return found;
}

export const readStretches = (path: string): ReadonlyMap<number, string> =>
  stretches(readFileSync(path, 'utf8'));

const logForm = importSources
  .get('qemu')
  .forms.flatMap((form) => (form.kind === 'stream' ? [form] : []))[0];

/** The rows that the collector reads out of a stretch. */
export function importRows(text: string): readonly HardwareRow[] {
  const out = new EventBuilder();
  const parser = logForm.open(out);
  parser.push(Buffer.from(text));
  parser.end();
  if (parser.losses.lost > 0) throw new Error(`the log has ${parser.losses.lost} damaged lines`);
  return hardwareRows(out);
}
