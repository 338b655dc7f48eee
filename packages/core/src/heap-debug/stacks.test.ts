import { describe, expect, it } from 'vitest';
import { CallStack, formatFrame, parseStack } from './stacks.js';

describe('parseStack', () => {
  it("reads V8's", () => {
    const stack = `Error: found at last
    at parse (file:///app/parser.js:10:12)
    at new Parser (file:///app/parser.js:3:5)
    at async Promise.all (index 0)
    at file:///app/a folder (old)/main.js:1:1
    at eval (eval at run (file:///app/main.js:7:3), <anonymous>:1:1)
    at read_all (wasm://wasm/000173d2:wasm-function[14]:0xa04)
    at Array.forEach (<anonymous>)`;
    expect(parseStack(stack)).toEqual([
      { name: 'parse', location: 'file:///app/parser.js:10:12' },
      { name: 'new Parser', location: 'file:///app/parser.js:3:5' },
      { name: 'Promise.all', location: 'index 0' },
      { name: '', location: 'file:///app/a folder (old)/main.js:1:1' },
      { name: 'eval', location: 'eval at run (file:///app/main.js:7:3), <anonymous>:1:1' },
      { name: 'read_all', location: 'wasm://wasm/000173d2:wasm-function[14]:0xa04' },
      { name: 'Array.forEach', location: '<anonymous>' },
    ]);
  });

  it("reads SpiderMonkey's", () => {
    const stack = `parse@https://app.example/@scope/parser.js:10:12
Parser/<@https://app.example/parser.js:3:5
async*main@https://app.example/main.js:1:1
read_all@https://app.example/words.wasm:wasm-function[14]:0xa04
@https://app.example/main.js:9:1
`;
    expect(parseStack(stack)).toEqual([
      { name: 'parse', location: 'https://app.example/@scope/parser.js:10:12' },
      { name: 'Parser/<', location: 'https://app.example/parser.js:3:5' },
      { name: 'main', location: 'https://app.example/main.js:1:1' },
      { name: 'read_all', location: 'https://app.example/words.wasm:wasm-function[14]:0xa04' },
      { name: '', location: 'https://app.example/main.js:9:1' },
    ]);
  });

  it("reads JavaScriptCore's", () => {
    const stack = `parse@https://app.example/parser.js:10:12
forEach@[native code]
read_all@[wasm code]
<?>.wasm-function[drop_list]@[wasm code]
words.wasm-function[14]@[wasm code]
global code@https://app.example/main.js:9:1
https://app.example/main.js:11:2`;
    expect(parseStack(stack)).toEqual([
      { name: 'parse', location: 'https://app.example/parser.js:10:12' },
      { name: 'forEach', location: '[native code]' },
      { name: 'read_all', location: '[wasm code]' },
      { name: 'drop_list', location: 'wasm-function' },
      { name: '', location: 'words:wasm-function[14]' },
      { name: 'global code', location: 'https://app.example/main.js:9:1' },
      { name: '', location: 'https://app.example/main.js:11:2' },
    ]);
  });

  it("reads Deno's, as Deno 2.9.6 wrote it", () => {
    const stack = `Error: x
    at malloc (file:///app/run.mjs:8:28)
    at malloc (wasm://wasm/ff3e0326:wasm-function[0]:0x459)
    at __main_void (wasm://wasm/ff3e0326:wasm-function[0]:0x543)
    at start (file:///app/run.mjs:18:32)
    at file:///app/run.mjs:20:7`;
    expect(parseStack(stack)).toEqual([
      { name: 'malloc', location: 'file:///app/run.mjs:8:28' },
      { name: 'malloc', location: 'wasm://wasm/ff3e0326:wasm-function[0]:0x459' },
      { name: '__main_void', location: 'wasm://wasm/ff3e0326:wasm-function[0]:0x543' },
      { name: 'start', location: 'file:///app/run.mjs:18:32' },
      { name: '', location: 'file:///app/run.mjs:20:7' },
    ]);
  });

  it("reads Bun's, of its sites and of its text, as Bun 1.4.5 wrote them", () => {
    const sites = `    at .wasm-function[malloc] (native)
    at .wasm-function[_start.command_export] (native)
    at start (/app/run.mjs:18:32)
    at <anonymous> (/app/run.mjs:23:79)
    at forEach (native:1:11)
    at new Parser (/app/run.mjs:23:34)
    at /app/run.mjs:20:7`;
    const outside = [
      { name: 'start', location: '/app/run.mjs:18:32' },
      { name: '', location: '/app/run.mjs:23:79' },
      { name: 'forEach', location: 'native:1:11' },
      { name: 'new Parser', location: '/app/run.mjs:23:34' },
      { name: '', location: '/app/run.mjs:20:7' },
    ];
    expect(parseStack(sites)).toEqual([
      { name: 'malloc', location: 'wasm-function' },
      { name: '_start.command_export', location: 'wasm-function' },
      ...outside,
    ]);
    const [, , ...rest] = sites.split('\n');
    const text = ['Error', '    at unknown', '    at unknown', ...rest].join('\n');
    const unknown = { name: '', location: 'unknown' };
    expect(parseStack(text)).toEqual([unknown, unknown, ...outside]);
  });

  it('finds nothing where there is nothing', () => {
    expect(parseStack('')).toEqual([]);
    expect(parseStack('Error: no frames')).toEqual([]);
  });
});

describe('CallStack', () => {
  it('begins above the function that is named, and has at most so many frames', () => {
    const inner = () => new CallStack(2, inner, 1);
    const outer = () => inner().frames();
    const frames = outer();
    expect(frames.length).toBe(2);
    expect(frames[0].name).toBe('outer');
  });
});

describe('formatFrame', () => {
  it('cuts the left of the location', () => {
    const frame = { name: 'parse', location: 'file:///a/long/way/to/parser.js:10:12' };
    expect(formatFrame(frame, 80)).toBe('parse (file:///a/long/way/to/parser.js:10:12)');
    expect(formatFrame(frame, 30)).toBe('parse (…ay/to/parser.js:10:12)');
    expect(formatFrame({ ...frame, name: '' }, 20)).toBe('…/to/parser.js:10:12');
  });
});
