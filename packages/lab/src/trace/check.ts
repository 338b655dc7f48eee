/** The laws that every trace obeys, whichever reader or generator made it. */
import { CorruptionError } from 'freehold';
import { isShared } from './memory.js';
import { OP_ALIGNED, OP_FREE, OP_REALLOCATE, type Trace } from './trace.js';

/**
 * Checks every law of the trace, in O(length): for tests, and for whoever makes traces by other means than the
 * builder.
 * @throws CorruptionError naming the broken law and the operation, the first being 1
 */
export function checkTrace(trace: Trace): void {
  const { length, op, slot, size, align, slots } = trace;
  const law = (holds: boolean, sentence: string, found: () => string): void => {
    if (!holds) throw new CorruptionError(sentence, found());
  };

  for (const [name, column] of Object.entries({ op, slot, size, align })) {
    law(column.length === length, 'every column has the length of the trace', () => {
      return `${name} with ${column.length} entries in a trace of ${length}`;
    });
    law(isShared(column.buffer), 'every column lies on shared memory, where there is any', () => name);
  }

  if (trace.details !== undefined) {
    const { kinds, kind, granted } = trace.details;
    law(kind.length === length && granted.length === length, 'every operation has its details', () => {
      return `${kind.length} kinds and ${granted.length} grants of ${length} operations`;
    });
    law(
      kind.every((each) => each < kinds.length),
      'every kind has a name',
      () => `kind ${kind.find((each) => each >= kinds.length)} of ${kinds.length}`,
    );
  }

  const live = new Uint8Array(slots);
  let used = 0;
  let liveBlocks = 0;
  let peak = 0;
  for (let i = 0; i < length; i++) {
    const [o, s, bytes, a] = [op[i]!, slot[i]!, size[i]!, align[i]!];
    const at = (what: string) => () => `${what} at operation ${i + 1}`;
    law(o <= OP_FREE, 'every operation is one of the five', at(`${o}`));
    law(s < slots, 'every slot is below the number of slots', at(`slot ${s} of ${slots}`));
    law(Number.isSafeInteger(bytes) && bytes >= 0, 'sizes are whole numbers from 0 up', at(`${bytes}`));
    law(o !== OP_FREE || bytes === 0, 'a free has size 0', at(`${bytes}`));
    law(
      o === OP_ALIGNED ? a >= 1 && a <= 53 : a === 0,
      'an aligned allocation, and nothing else, has an alignment, of 2^1 to 2^53',
      at(`2^${a} of an operation ${o}`),
    );
    if (o === OP_FREE || o === OP_REALLOCATE) {
      law(live[s] === 1, 'only a live block is freed or resized', at(`dead slot ${s}`));
    } else {
      law(live[s] === 0, 'at most one live block has a slot', at(`live slot ${s}`));
      law(s <= used, 'slots are taken into use one after another, from 0', at(`slot ${s} after ${used}`));
      if (s === used) used++;
    }
    if (o === OP_FREE) {
      live[s] = 0;
      liveBlocks--;
    } else if (o !== OP_REALLOCATE) {
      live[s] = 1;
      liveBlocks++;
      if (liveBlocks > peak) peak = liveBlocks;
    }
  }
  law(peak === slots, 'the slots are as many as the blocks ever live at once', () => {
    return `${slots} slots, ${peak} blocks`;
  });
}
