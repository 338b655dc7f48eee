/** Colours of text: functions that the printing of a command, or of a page, is given. */
import picocolors from 'picocolors';
import { style } from './visible.js';

const STYLES = ['bold', 'dim', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'orange'] as const;

/** Functions that colour text; `print` and `complain` know what they made from what a name may hold. */
export type Colours = Readonly<Record<(typeof STYLES)[number], (text: string) => string>>;

/** Functions that change nothing. */
export const PLAIN: Colours = makeColours(() => (text) => text);
export const COLOURED: Colours = makeColours((name) => {
  // The lesson's orange is none of the sixteen colours that terminals have names for.
  if (name === 'orange') return (text) => `${style('38;5;208')}${text}${style('39')}`;
  const [start, end] = picocolors
    .createColors(true)
    [name]('\n')
    .split('\n')
    .map((sequence) => style(sequence.slice(2, -1)));
  return (text) => start + text + end;
});

function makeColours(make: (name: (typeof STYLES)[number]) => (text: string) => string): Colours {
  return Object.fromEntries(STYLES.map((name) => [name, make(name)])) as Colours;
}
