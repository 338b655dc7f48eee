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
global code@https://app.example/main.js:9:1
https://app.example/main.js:11:2`;
    expect(parseStack(stack)).toEqual([
      { name: 'parse', location: 'https://app.example/parser.js:10:12' },
      { name: 'forEach', location: '[native code]' },
      { name: 'read_all', location: '[wasm code]' },
      { name: 'global code', location: 'https://app.example/main.js:9:1' },
      { name: '', location: 'https://app.example/main.js:11:2' },
    ]);
  });

  it('finds nothing where there is nothing', () => {
    expect(parseStack('')).toEqual([]);
    expect(parseStack('Error: no frames')).toEqual([]);
  });
});

describe('CallStack', () => {
  it('begins above the function that is named, and has at most so many frames', () => {
    const inner = () => CallStack.take(2, inner, 1);
    const outer = () => inner();
    const frames = outer().frames();
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
