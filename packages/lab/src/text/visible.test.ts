import { stripVTControlCharacters } from 'node:util';
import { describe, expect, it } from 'vitest';
import { COLOURED } from './colours.js';
import { style, visible, visibleName } from './visible.js';

describe('visible', () => {
  it.each([
    ['a colour that is not ours', 'a\u001b[31mred', 'a\\u001b[31mred'],
    ['the title of the window', '\u001b]0;owned\u0007', '\\u001b]0;owned\\u0007'],
    ['a control sequence in one character', 'a\u009b2Jb', 'a\\u009b2Jb'],
    ['what overwrites the line', 'a\rb\bc\u007f\t', 'a\\u000db\\u0008c\\u007f\\u0009'],
    ['a text turned around', 'gz.\u202etxt\u2066\u200f\u061c', 'gz.\\u202etxt\\u2066\\u200f\\u061c'],
    ['other ends of lines', 'a\u0085b\u2028c', 'a\\u0085b\\u2028c'],
    ['half a surrogate pair', 'a\ud800b', 'a\\ud800b'],
  ])('shows %s', (_what, text, shown) => {
    expect(visible(text)).toBe(shown);
    expect(visibleName(text)).toBe(shown);
  });

  it('leaves letters of every script and emoji alone', () => {
    const text = 'später–试验.gz 🙂 السلام 👩‍🚀 │█·';
    expect(visible(text)).toBe(text);
    expect(visibleName(text)).toBe(text);
  });

  it('a line feed ends a line, but shows in a name', () => {
    expect(visible('a\nb')).toBe('a\nb');
    expect(visibleName('a\nb')).toBe('a\\u000ab');
  });

  it('lets our own colours through, those inside them not', () => {
    const text = COLOURED.bold(`a\u001b[31mb${COLOURED.orange('c')}`);
    expect(visible(text)).toBe('\u001b[1ma\\u001b[31mb\u001b[38;5;208mc\u001b[39m\u001b[22m');
  });

  it('our colours are not to be guessed, and take no width', () => {
    expect(visible('\u001b[1;1000;1000;1000m')).toMatch(/^\\u001b/);
    expect(stripVTControlCharacters(`${style('38;5;208')}a`)).toBe('a');
  });

  it('JSON stays JSON of the same value', () => {
    const value = { name: 'a\u001b[31m\u007f\u009b\u202e\u2028\n"\\', other: '试' };
    const shown = visible(JSON.stringify(value, null, 2));
    for (const raw of ['\u007f', '\u009b', '\u202e', '\u2028', '\u001b']) expect(shown).not.toContain(raw);
    expect(JSON.parse(shown)).toEqual(value);
  });
});
