import { describe, expect, it } from 'vitest';
import { html, scriptJson } from './html.js';

describe('html', () => {
  it('escapes what it is given, in text and in attributes', () => {
    const hostile = `</title><script>alert("1")</script>&'`;
    expect(html`<p title="${hostile}">${hostile}</p>`.text).toBe(
      '<p title="&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;">&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;</p>',
    );
  });

  it('lets HTML of its own stand, joins lists and leaves null out', () => {
    expect(html`<ul>${['<', 2].map((each) => html`<li>${each}</li>`)}${null}</ul>`.text).toBe(
      '<ul><li>&lt;</li><li>2</li></ul>',
    );
  });

  it.each([
    ['a control character', 'a\u0000b\u001b[31m', 'a\ufffdb\ufffd[31m'],
    ['a mark that turns the text around', 'gz.\u202etxt', 'gz.\ufffdtxt'],
    ['half a surrogate pair', 'a\ud800b', 'a\ufffdb'],
  ])('replaces %s', (_what, text, shown) => {
    expect(html`${text}`.text).toBe(shown);
  });

  it('leaves letters of every script alone', () => {
    expect(html`${'später–试验.gz 🙂'}`.text).toBe('später–试验.gz 🙂');
  });
});

describe('scriptJson', () => {
  it.each(['</script><script>alert(1)</script>', '<!--<script>', 'line\u2028line\u2029', '\u0000"\\'])(
    'of %j holds nothing that ends a script, and reads back the same',
    (name) => {
      const { text } = scriptJson({ name });
      expect(text).not.toMatch(/[<\u2028\u2029]/);
      expect(JSON.parse(text)).toEqual({ name });
    },
  );
});
