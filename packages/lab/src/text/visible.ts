/**
 * Text for a terminal. Names come from anywhere (files, recordings, arguments) and may hold what moves the cursor,
 * renames the window or turns text around: that is shown, as JSON writes it, instead of sent. Our own colours get
 * through: they carry a number drawn for this process, which no file can know.
 */

/** Controls (C0 without the line feed, DEL, C1), marks that turn text around, other ends of lines, half surrogates. */
const UNSAFE = '[\\0-\\x09\\x0b-\\x1f\\x7f-\\x9f\\u061c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\p{Cs}]';

/** Parameters of a colour sequence, which are numbers; of four digits, as what measures widths allows no more. */
const MARK = Array.from(crypto.getRandomValues(new Uint32Array(3)), (drawn) => 1000 + (drawn % 9000)).join(
  ';',
);

const OURS_OR_UNSAFE = new RegExp(`\\u001b\\[([\\d;]+);${MARK}m|${UNSAFE}`, 'gu');
const UNSAFE_OR_LINE_FEED = new RegExp(`${UNSAFE}|\\n`, 'gu');

/** A colour sequence of ours, such as `style('1')` for bold, which `visible` lets through. */
export function style(parameters: string): string {
  return `\u001b[${parameters};${MARK}m`;
}

/** What may go to a terminal, or into JSON that is printed: lines and our own colours stay, other controls show. */
export function visible(text: string): string {
  return text.replace(OURS_OR_UNSAFE, (found: string, parameters?: string) =>
    parameters === undefined ? escaped(found) : `\u001b[${parameters}m`,
  );
}

/** A name that stands on a line: a line feed in it shows too. */
export function visibleName(name: string): string {
  return name.replace(UNSAFE_OR_LINE_FEED, escaped);
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
