/** Words told apart by their bytes, without a string for each: a hash table that never changes. */
import type { Cursor } from './cursor.js';

/** Entries for a word: few enough words fall on one. */
const ROOM = 4;

export class Keywords {
  readonly #words: readonly Uint8Array[];
  /** Indices of words, -1 where an entry is empty. */
  readonly #entries: Int16Array;
  readonly #mask: number;

  constructor(words: readonly string[]) {
    const encoder = new TextEncoder();
    this.#words = words.map((word) => encoder.encode(word));
    const length = 2 ** Math.ceil(Math.log2(ROOM * words.length));
    this.#mask = length - 1;
    this.#entries = new Int16Array(length).fill(-1);
    this.#words.forEach((word, index) => {
      let at = hashOf(word, 0, word.length) & this.#mask;
      while (this.#entries[at] !== -1) at = (at + 1) & this.#mask;
      this.#entries[at] = index;
    });
  }

  /** Takes the word that is next. @returns its index; -1 where it is none of these */
  take(cursor: Cursor): number {
    const from = cursor.at;
    cursor.skipWord();
    return this.find(cursor.bytes, from, cursor.at);
  }

  /** Index of the word that stands there; -1 where it is none of these. */
  find(bytes: Uint8Array, from: number, to: number): number {
    let at = hashOf(bytes, from, to) & this.#mask;
    for (;;) {
      const index = this.#entries[at]!;
      if (index === -1 || equals(this.#words[index]!, bytes, from, to)) return index;
      at = (at + 1) & this.#mask;
    }
  }
}

/** FNV-1a of the bytes. */
export function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let at = from; at < to; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash ^ (hash >>> 15);
}

function equals(word: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (to - from !== word.length) return false;
  for (let i = 0; i < word.length; i++) if (bytes[from + i] !== word[i]) return false;
  return true;
}
