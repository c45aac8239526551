// Forms of captures that are recognised and not read: what each is, and what to import instead. Told where no
// source knows an input, so that the answer is more than "unknown".

interface UnreadForm {
  readonly name: string;
  readonly looks: RegExp;
  readonly instead: string;
}

const FORMS: readonly UnreadForm[] = [
  {
    name: "the text that QEMU's simpletrace.py prints, which has no absolute times and leaves fields out",
    looks: /^\w+ \d+\.\d{3} pid=\d+(?: \w+=\S*)*$/m,
    instead: "import the binary trace that simpletrace.py was given (QEMU's '-trace file=…')",
  },
  {
    name: 'the text that babeltrace prints of an LTTng (CTF) trace',
    looks: /^\[\d\d:\d\d:\d\d\.\d+\] \(\+[\d.?]+\) .*: \{/m,
    instead: 'record with perf, trace-cmd or tracefs: LTTng traces are not read',
  },
  {
    name: 'the metadata of an LTTng (CTF) trace',
    looks: /^\/\* CTF \d/,
    instead: 'record with perf, trace-cmd or tracefs: LTTng traces are not read',
  },
  {
    name: 'the text of perf report, which counts events and does not list them',
    looks: /^# Overhead +Command/m,
    instead: "import perf.data itself, or the text of 'perf script'",
  },
  {
    name: "the text of 'trace-cmd hist' or of a histogram trigger, which counts events and does not list them",
    looks: /^# event histogram|^# trigger info:/m,
    instead: "import trace.dat itself, or tracefs's 'trace'",
  },
  {
    name: 'a JSON document',
    looks: /^\s*[[{]\s*\n/,
    instead: 'JSON is read where each line is one object with the log line in it',
  },
  {
    name: 'a network capture',
    looks: /^(?:\xd4\xc3\xb2\xa1|\xa1\xb2\xc3\xd4)/,
    instead: 'it cannot hold IOMMU requests',
  },
  {
    name: 'a program (ELF)',
    looks: /^\x7fELF/,
    instead: 'give the log or trace, not the program',
  },
  {
    name: 'a systemd journal file',
    looks: /^LPKSHHRH/,
    instead: "print it: 'journalctl --file FILE -o short-iso-precise | iotlb import -'",
  },
];

const EXAMPLE_CHARACTERS = 100;

/** What `head` is and what to do, for an input that no source reads. */
export function describeUnread(head: Uint8Array): { readonly is: string; readonly hint: string } {
  const text = Buffer.from(head).toString('latin1');
  const form = FORMS.find(({ looks }) => looks.test(text));
  if (form !== undefined) return { is: `is ${form.name}`, hint: form.instead };
  const control = head.subarray(0, 4096).filter((byte) => byte < 9 || (byte > 13 && byte < 32));
  if (control.length > Math.min(head.length, 4096) / 50) {
    return {
      is: 'is binary data of a form that no source knows',
      hint: "QEMU's simple traces, trace.dat, perf.data and folders of raw pages are read",
    };
  }
  const first = text.split('\n').find((line) => line.trim() !== '') ?? '';
  return {
    is: `is text in which no event of ours was found; it starts with '${first.slice(0, EXAMPLE_CHARACTERS).replaceAll(/[^\x20-\x7e]/g, '?')}'`,
    hint: "read are QEMU's log ('vtd_inv_desc', 'smmuv3_*', 'virtio_iommu_*', 'amdvi_*'), tracefs, perf script and trace-cmd report ('qi_submit', 'iommu:unmap') and the tap's text. If it is one of them and its events come later, name it with --source",
  };
}
