/** The name that a mistyped one may be meant for. */

/** A longer word may differ in two places; one of three letters in one of them. */
const DISTANCE_MAX = 2;

/**
 * The known name nearest to `word`: at most two letters are missing, added, exchanged for another or swapped with their
 * neighbour, and no more than one in three. Else one that begins with `word`. Case does not matter.
 * @returns the first of those that are equally near; null where none is near
 */
export function nearest(word: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let least = Math.min(DISTANCE_MAX, Math.floor(word.length / 3)) + 1;
  for (const name of known) {
    // Also keeps long words from being compared letter by letter.
    if (Math.abs(name.length - word.length) >= least) continue;
    const distance = distanceOf(word.toLowerCase(), name.toLowerCase());
    if (distance < least) [best, least] = [name, distance];
  }
  return best ?? beginningWith(word, known);
}

function beginningWith(word: string, known: readonly string[]): string | null {
  if (word.length < 2) return null;
  return known.find((name) => name.toLowerCase().startsWith(word.toLowerCase())) ?? null;
}

/** `unknown format 'mtarce'; did you mean mtrace? Known: rep, mtrace` */
export function unknownName(kind: string, word: string, known: readonly string[]): string {
  return `unknown ${kind} '${word}'${suggestion(word, known)}`;
}

/** The end of a message: `; did you mean mtrace? Known: rep, mtrace`, or `; known: rep, mtrace`. */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  const all = known.join(', ');
  return near === null ? `; known: ${all}` : `; did you mean ${near}? Known: ${all}`;
}

/** Optimal string alignment: Levenshtein's distance, with a swap of two neighbours as one step. */
function distanceOf(a: string, b: string): number {
  let before: number[] = [];
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      row.push(
        Math.min(
          above[j]! + 1,
          row[j - 1]! + 1,
          above[j - 1]! + (same ? 0 : 1),
          swapped ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY,
        ),
      );
    }
    [before, above] = [above, row];
  }
  return above[b.length]!;
}
