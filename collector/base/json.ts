// JSON in from outside and out to users. Output never holds a number that JSON cannot carry exactly.

/** The parsed value, or undefined where the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** One JSON document with a line end; bigints become numbers where exact, strings where not. */
export function jsonText(value: unknown, indent?: number): string {
  const replacer = (_: string, item: unknown): unknown => {
    if (typeof item !== 'bigint') return item;
    const asNumber = Number(item);
    return Number.isSafeInteger(asNumber) ? asNumber : item.toString();
  };
  return `${JSON.stringify(value, replacer, indent)}\n`;
}
