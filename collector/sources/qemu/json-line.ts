// One JSON object a line, as container runtimes and `journalctl -o json` write: the message in it is the
// log's line, and the object's own time serves where the message has none.

const MESSAGE_KEYS = ['log', 'MESSAGE', 'message', 'msg', 'line', 'text', '_raw'] as const;
const TIME_KEYS = ['time', 'timestamp', '@timestamp', 'ts', 'date'] as const;
const WHO_KEYS = ['_HOSTNAME', '_PID', 'container', 'container_name', 'guest', 'host'] as const;
const MICROSECONDS_KEY = '__REALTIME_TIMESTAMP';

/** `TIME WHO MESSAGE` of a line that is a JSON object with a message; undefined for others. */
export function lineOfJson(text: string): string | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined; // not an object: read as it stands
  }
  if (typeof parsed !== 'object' || parsed === null) return undefined;
  const fields = parsed as Readonly<Record<string, unknown>>;
  const message = MESSAGE_KEYS.map((key) => textOf(fields[key])).find((one) => one !== undefined);
  if (message === undefined) return undefined;
  const who = WHO_KEYS.map((key) => textOf(fields[key])).filter((one) => one !== undefined);
  return [timeOf(fields), who.length === 0 ? undefined : `${who.join('-')}:`, message.trimEnd()]
    .filter((part) => part !== undefined)
    .join(' ');
}

function timeOf(fields: Readonly<Record<string, unknown>>): string | undefined {
  const micros = textOf(fields[MICROSECONDS_KEY]);
  if (micros !== undefined && /^\d{7,17}$/.test(micros)) {
    return `${micros.slice(0, -6)}.${micros.slice(-6)}`;
  }
  for (const key of TIME_KEYS) {
    const value = fields[key];
    if (typeof value === 'string') return value;
    if (typeof value === 'number' && value > 0) return value.toFixed(6);
  }
  return undefined;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  // journald writes a message with control characters as its bytes.
  if (!Array.isArray(value)) return undefined;
  return Buffer.from(value.filter((byte) => typeof byte === 'number')).toString('latin1');
}
