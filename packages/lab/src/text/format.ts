/** How figures are written, everywhere: in tables, messages, the report and under its pointer. */

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Three digits that count: `999 B`, `1.5 KiB`, `15.6 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes < 0) return `-${formatSize(-bytes)}`;
  let value = bytes;
  let unit = 0;
  // 1023.5 would print as 1024.
  while (value >= 1023.5 && unit < BYTE_UNITS.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : digits(value)} ${BYTE_UNITS[unit]}`;
}

/** `1,234,567`; three digits that count below 100 where it is not whole. */
export function formatCount(count: number): string {
  return Number.isInteger(count) || count >= 99.95 ? group(Math.round(count)) : digits(count);
}

/** `25.3 %` of 0.253. */
export function formatFraction(fraction: number): string {
  const percent = fraction * 100;
  return `${Math.abs(percent) >= 999.5 ? group(Math.round(percent)) : percent.toFixed(1)} %`;
}

/** `1.08` of a ratio. */
export function formatRatio(ratio: number): string {
  return ratio >= 99.95 ? group(Math.round(ratio)) : ratio.toFixed(ratio >= 9.995 ? 1 : 2);
}

export function formatNanoseconds(nanoseconds: number): string {
  return nanoseconds >= 99.95 ? group(Math.round(nanoseconds)) : nanoseconds.toFixed(1);
}

/** `0.123`, `1.23`, `12.3`, `123`, without trailing zeros. */
function digits(value: number): string {
  const places = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return String(Number(value.toFixed(places)));
}

function group(whole: number): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, ',');
}

const THOUSANDS = ['', ' k', ' M', ' G', ' T'];

/** For axes: `800 k`, `1.5 M`. */
export function formatCompact(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < THOUSANDS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${digits(value)}${THOUSANDS[unit]}`;
}

/** `1 block`, `1,234 blocks`. */
export function formatMany(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function enumerate(names: readonly string[]): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
