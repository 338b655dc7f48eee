/** The laws of the buddy system, in units and orders: its blocks tile the range, and its lists and counts agree with them. */
import { law } from '../allocator.js';
import type { FreeBlocks } from './free-blocks.js';
import type { UsedOrders } from './used-orders.js';

/** What BuddyUnits tells of its blocks; an order is below 0 where there is none. */
interface Blocks {
  readonly units: number;
  readonly orders: number;
  readonly used: number;
  readonly usedBlocks: number;
  readonly freeBlocksTotal: number;
  orderOf(unit: number): number;
  freeOrderAt(unit: number): number;
}

/** O(units * orders). @throws CorruptionError naming the broken law */
export function checkLaws(blocks: Blocks, lists: FreeBlocks, held: UsedOrders): void {
  const { units: count, orders } = blocks;
  const top = orders - 1;
  lists.check();
  let used = 0;
  let usedBlocks = 0;
  let freeBlocks = 0;
  for (let unit = 0; unit < count; ) {
    const usedOrder = blocks.orderOf(unit);
    const freeOrder = blocks.freeOrderAt(unit);
    law(
      usedOrder >= 0 !== freeOrder >= 0,
      'every unit lies in one block, used or free',
      () => `unit ${unit} used in order ${usedOrder} and free in order ${freeOrder}`,
    );
    const order = Math.max(usedOrder, freeOrder);
    const end = unit + 2 ** order;
    law(
      order <= top && unit % 2 ** order === 0 && end <= count,
      'a block lies inside the range at a multiple of its own size',
      () => `order ${order} at unit ${unit} of ${count}`,
    );
    if (usedOrder >= 0) {
      usedBlocks++;
      used += end - unit;
    } else {
      freeBlocks++;
      law(
        order === top || !lists.has(order, (unit >>> order) ^ 1),
        'no two buddies are free',
        () => `both of order ${order} about unit ${unit}`,
      );
    }
    unit = end;
  }
  law(
    used === blocks.used && usedBlocks === blocks.usedBlocks,
    'used + free = capacity',
    () => `${used} units in ${usedBlocks} used blocks, counted as ${blocks.used} in ${blocks.usedBlocks}`,
  );
  law(
    freeBlocks === blocks.freeBlocksTotal,
    'every listed block is free',
    () => `${freeBlocks} free blocks, free lists of ${lists.counts.join(', ')}`,
  );
  law(
    usedBlocks === held.count(),
    'no used block starts inside another block',
    () => `${usedBlocks} used blocks side by side`,
  );
}
