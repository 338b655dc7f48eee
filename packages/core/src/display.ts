/** Characters of a string that are shown. */
const SHOWN_MAX = 40;

/**
 * A value of any type as the message of an error shows it: never throws, and names the type of what reads
 * like a number but is not one: `"64" (a string)`, `64n (a bigint)`.
 * @internal
 */
export function display(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'bigint':
      return `${value}n (a bigint)`;
    case 'function':
    case 'object':
      return value === null ? 'null' : displayObject(value);
    default:
      return String(value);
  }
}

/** What looks like a number says what it is. */
function quote(text: string): string {
  const quoted = JSON.stringify(text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text);
  return text.trim() !== '' && Number.isFinite(Number(text)) ? `${quoted} (a string)` : quoted;
}

/** `[object Array]`, `function Array`. */
function displayObject(value: object): string {
  try {
    return typeof value === 'function' ? `function ${value.name}` : Object.prototype.toString.call(value);
  } catch {
    // What it is called is a getter's, which throws, or no string.
    return '[object]';
  }
}

/**
 * An address or a bit pattern as in C: `0x1a00`. What is no whole number from 0 up is shown as it is. A word of an
 * Int32Array is given as `word >>> 0`.
 * @internal
 */
export function hex(value: number): string {
  return Number.isSafeInteger(value) && value >= 0 ? `0x${value.toString(16)}` : display(value);
}
