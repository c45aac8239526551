// What the numbers were measured on. Anything but real hardware is said so loudly that it can't be missed.

import type { ReportJson } from '../../../analysis/report/schema.ts';
import { el } from '../dom.ts';

type Provenance = ReportJson['ran_on']['provenance'];

const SHOUT: Readonly<Record<Provenance, string>> = {
  hardware: 'Real hardware',
  lab: 'Not real hardware: lab kernel, emulated IOMMU',
  null: 'Not real hardware',
  recording: 'Not real hardware',
};

const SHORT: Readonly<Record<Provenance, string>> = {
  hardware: 'real hardware',
  lab: 'lab kernel, emulated IOMMU',
  null: 'null issuer, no IOMMU',
  recording: 'no system call made',
};

export function banner(report: ReportJson): HTMLElement {
  const { ran_on, recording } = report;
  const real = ran_on.provenance === 'hardware';
  const synthetic =
    recording.synthetic === undefined
      ? undefined
      : el('p', {}, el('strong', {}, 'Synthetic recording: '), recording.synthetic);
  return el(
    'aside',
    {
      class: `iot-banner ${real ? 'iot-banner-real' : 'iot-banner-unreal'}`,
      'aria-label': 'What this ran on',
    },
    el('span', { class: 'iot-banner-icon', 'aria-hidden': 'true' }, real ? '✓' : '!'),
    el(
      'div',
      {},
      el('p', { class: 'iot-banner-title' }, SHOUT[ran_on.provenance]),
      el('p', {}, ran_on.text),
      synthetic,
      el(
        'p',
        { class: 'iot-banner-facts' },
        `issuer ${ran_on.issuer} · dialect ${ran_on.dialect} · pacing ${ran_on.pacing}`,
      ),
    ),
  );
}

/** A few words to stand beside any number or picture. */
export function provenanceWords(report: ReportJson): string {
  return SHORT[report.ran_on.provenance];
}

/** For every figure, so that a cut-out picture still says what it is. */
export function provenanceChip(report: ReportJson): HTMLElement {
  const real = report.ran_on.provenance === 'hardware';
  return el(
    'span',
    { class: real ? 'iot-chip' : 'iot-chip iot-chip-unreal' },
    provenanceWords(report),
  );
}
