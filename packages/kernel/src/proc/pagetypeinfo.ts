/**
 * /proc/pagetypeinfo: the free blocks of buddyinfo told apart by migrate type, and how many page blocks each type has.
 * Source: Linux mm/vmstat.c, `pagetypeinfo_showfree`, `pagetypeinfo_showblockcount`.
 */
import { MIGRATE_NAMES, MIGRATE_TYPES } from '../frames/migrate.js';
import type { PageAllocator } from '../frames/page-allocator.js';
import { ORDERS, PAGE_BLOCK_FRAMES, PAGE_BLOCK_ORDER } from '../frames/zone.js';
import { linesOf, numbersOf, ORDERS_MAX, type ProcLine, ZONE_ROWS_MAX } from './lines.js';

export interface Pagetypeinfo {
  readonly pageBlockOrder: number;
  readonly pagesPerBlock: number;
  readonly free: readonly FreeOfType[];
  /** The migrate types, in the order of the counts below. */
  readonly types: readonly string[];
  readonly blocks: readonly BlocksOfZone[];
  /** Page blocks that hold pages of other types too; null unless the kernel tracks the owners of pages. */
  readonly mixed: readonly BlocksOfZone[] | null;
}

export interface FreeOfType {
  readonly node: number;
  readonly zone: string;
  readonly type: string;
  /** Free blocks of `2 ** index` frames. */
  readonly free: readonly number[];
  /** Orders at which the kernel stopped counting, at 100,000: there are as many blocks, or more. */
  readonly stoppedAt: readonly number[];
}

export interface BlocksOfZone {
  readonly node: number;
  readonly zone: string;
  /** Page blocks of each migrate type. */
  readonly counts: readonly number[];
}

const BLOCKS = 'Number of blocks type';
const MIXED = 'Number of mixed blocks';

/** The kernel walks lists that it holds locked, so it stops here. */
const COUNT_MAX = 100_000;
/** More migrate types than any Linux has: 7, and what vendors add. */
const TYPES_MAX = 32;
/** Types that Linux has and this allocator has no page blocks of. */
const OTHER_TYPES = ['HighAtomic', 'Isolate'];

/**
 * The free blocks of each migrate type, and the page blocks that each type has, as in /proc/pagetypeinfo. O(free
 * blocks + page blocks).
 * @example
 * ```js
 * const { pages } = new Kernel({ memoryBytes: 64 * 2 ** 20 });
 * pages.allocPages(GFP_HIGHUSER_MOVABLE, 0);
 * const { types, blocks } = pagetypeinfoOf(pages);
 * types.slice(0, 3);   // => ['Unmovable', 'Movable', 'Reclaimable']
 * // Page blocks of 2 MiB in zone DMA32: the kernel's own memory lies in two of them.
 * blocks[1].counts.slice(0, 3);   // => [2, 22, 0]
 * ```
 */
export function pagetypeinfoOf(pages: PageAllocator): Pagetypeinfo {
  const types = [...MIGRATE_NAMES, ...OTHER_TYPES];
  return {
    pageBlockOrder: PAGE_BLOCK_ORDER,
    pagesPerBlock: PAGE_BLOCK_FRAMES,
    types,
    free: pages.zones.flatMap((zone) =>
      types.map((type, index) => {
        const counts = Array.from({ length: ORDERS }, (_, order) =>
          index < MIGRATE_TYPES ? zone.freeBlocks(order, index) : 0,
        );
        const stoppedAt = [...counts.keys()].filter((order) => counts[order] >= COUNT_MAX);
        return {
          node: 0,
          zone: zone.name,
          type,
          free: counts.map((count) => Math.min(count, COUNT_MAX)),
          stoppedAt,
        };
      }),
    ),
    blocks: pages.zones.map((zone) => ({
      node: 0,
      zone: zone.name,
      counts: [...zone.pageBlocks(), ...OTHER_TYPES.map(() => 0)],
    })),
    mixed: null,
  };
}

/**
 * The text of /proc/pagetypeinfo, byte for byte as Linux prints it.
 * @example
 * ```js
 * const lines = printPagetypeinfo(pagetypeinfoOf(new Kernel().pages)).split('\n');
 * lines[0];   // => 'Page block order: 9'
 * lines[4].slice(0, 44);   // => 'Node    0, zone      DMA, type    Unmovable '
 * ```
 */
export function printPagetypeinfo(info: Pagetypeinfo): string {
  const nodes = [...new Set([...info.free, ...info.blocks, ...(info.mixed ?? [])].map(({ node }) => node))];
  // One text where there is nothing, too.
  return (nodes.length === 0 ? [0] : nodes).map((node) => printNode(info, node)).join('');
}

function printNode(info: Pagetypeinfo, node: number): string {
  const ofNode = <T extends { readonly node: number }>(rows: readonly T[]) =>
    rows.filter((row) => row.node === node);
  const orders = info.free[0]?.free.length ?? ORDERS;
  const head = Array.from({ length: orders }, (_, order) => `${String(order).padStart(6)} `).join('');
  const free = ofNode(info.free).map(({ zone, type, free, stoppedAt }) => {
    const counts = free.map(
      (count, order) => `${stoppedAt.includes(order) ? '>' : ''}${String(count).padStart(6)} `,
    );
    return `Node ${String(node).padStart(4)}, zone ${zone.padStart(8)}, type ${type.padStart(12)} ${counts.join('')}\n`;
  });
  return [
    `Page block order: ${info.pageBlockOrder}\nPages per block:  ${info.pagesPerBlock}\n\n`,
    `${'Free pages count per migrate type at order'.padEnd(43)} ${head}\n`,
    ...free,
    printBlocks(BLOCKS, info.types, ofNode(info.blocks)),
    info.mixed === null ? '' : printBlocks(MIXED, info.types, ofNode(info.mixed)),
  ].join('');
}

function printBlocks(title: string, types: readonly string[], zones: readonly BlocksOfZone[]): string {
  const column = (value: string | number) => `${String(value).padStart(12)} `;
  const rows = zones.map(
    ({ node, zone, counts }) => `Node ${node}, zone ${zone.padStart(8)} ${counts.map(column).join('')}\n`,
  );
  return `\n${title.padEnd(23)}${types.map(column).join('')}\n${rows.join('')}`;
}

/**
 * Reads the text of /proc/pagetypeinfo, with any migrate types and number of orders.
 * @param file named in errors
 * @throws ProcFormatError naming the line of another form, or of more orders, nodes, zones or types
 * than Linux can have
 * @example
 * ```js
 * const text = printPagetypeinfo(pagetypeinfoOf(new Kernel().pages));
 * const { pagesPerBlock, free } = parsePagetypeinfo(text);
 * pagesPerBlock;   // => 512
 * // Movable blocks of 2^10 frames that are free in zone DMA:
 * free.find(({ zone, type }) => zone === 'DMA' && type === 'Movable').free[10];   // => 3
 * parsePagetypeinfo('Permission denied');   // => throws ProcFormatError: /proc/pagetypeinfo:1
 * ```
 */
export function parsePagetypeinfo(text: string, file = '/proc/pagetypeinfo'): Pagetypeinfo {
  const reader = new Reader(linesOf(text, file));
  const first = infoOfNode(reader, null);
  const { free, blocks, mixed } = first;
  // Told again from the top for each further memory node.
  while (reader.sees(/^Page block order:/)) {
    const next = infoOfNode(reader, first);
    free.push(...next.free);
    blocks.push(...next.blocks);
    mixed?.push(...(next.mixed ?? []));
    reader.last.atMost(blocks.length, ZONE_ROWS_MAX, 'zones');
  }
  reader.end();
  return first;
}

interface NodeInfo extends Pagetypeinfo {
  readonly free: FreeOfType[];
  readonly blocks: BlocksOfZone[];
  readonly mixed: BlocksOfZone[] | null;
}

/** @param first what was told of the first memory node, where this is another */
function infoOfNode(reader: Reader, first: NodeInfo | null): NodeInfo {
  const order = reader.number('Page block order', first?.pageBlockOrder);
  const perBlock = reader.number('Pages per block', first?.pagesPerBlock);
  const [, head = ''] = reader.next(
    /^Free pages count per migrate type at order((?: +\d+)+)$/,
    "'Free pages count per migrate type at order' and the orders",
  );
  const orders = numbersOf(head).length;
  reader.last.atMost(orders, ORDERS_MAX, 'orders');
  const free: FreeOfType[] = [];
  while (reader.sees(/^Node/)) {
    free.push(freeOfType(reader, orders));
    reader.last.atMost(free.length, ZONE_ROWS_MAX * TYPES_MAX, 'rows');
  }
  const { types, zones } = blocksOf(reader, BLOCKS, first?.types);
  const mixed = reader.sees(/^Number of mixed/) ? blocksOf(reader, MIXED, types).zones : null;
  return { pageBlockOrder: order, pagesPerBlock: perBlock, free, types, blocks: zones, mixed };
}

function freeOfType(reader: Reader, orders: number): FreeOfType {
  const [, node, zone = '', type = '', list = ''] = reader.next(
    /^Node +(\d+), +zone +(\S+), +type +(\S+)((?: +(?:> *)?\d+)+)$/,
    "'Node 0, zone NAME, type NAME' and the free blocks of each order",
  );
  // A count of 100,000 fills its six columns behind the '>'.
  const counts = list.trim().replaceAll(/> +/g, '>').split(/ +/);
  if (counts.length !== orders) reader.last.fail(`${orders} orders, as in the heading`);
  return {
    node: reader.last.node(node),
    zone,
    type,
    free: counts.map((count) => Number(count.replace('>', ''))),
    stoppedAt: [...counts.keys()].filter((at) => counts[at].startsWith('>')),
  };
}

/** @param known the migrate types, where they were told before */
function blocksOf(
  reader: Reader,
  title: string,
  known?: readonly string[],
): { types: string[]; zones: BlocksOfZone[] } {
  const [, head = ''] = reader.next(
    new RegExp(`^${title}((?: +\\S+)+)$`),
    `'${title}' and the migrate types`,
  );
  const types = head.trim().split(/ +/);
  if (known !== undefined && types.join() !== known.join())
    reader.last.fail(`the migrate types ${known.join(', ')}, as before`);
  reader.last.atMost(types.length, TYPES_MAX, 'migrate types');
  const zones: BlocksOfZone[] = [];
  while (reader.sees(/^Node/)) {
    const [, node, zone = '', list = ''] = reader.next(
      /^Node +(\d+), +zone +(\S+)((?: +\d+)+)$/,
      "'Node 0, zone NAME' and the page blocks of each type",
    );
    const counts = numbersOf(list);
    if (counts.length !== types.length) reader.last.fail(`${types.length} types, as in the heading`);
    zones.push({ node: reader.last.node(node), zone, counts });
    reader.last.atMost(zones.length, ZONE_ROWS_MAX, 'zones');
  }
  return { types, zones };
}

/** Goes through the lines one after another. */
class Reader {
  private readonly lines: readonly ProcLine[];
  private at = 0;

  constructor(lines: readonly ProcLine[]) {
    this.lines = lines;
  }

  /** The line read last. */
  get last(): ProcLine {
    return this.lines[Math.max(0, this.at - 1)];
  }

  sees(pattern: RegExp): boolean {
    const line = this.lines[this.at];
    return line !== undefined && pattern.test(line.text);
  }

  next(pattern: RegExp, expected: string): RegExpExecArray {
    const line = this.lines[this.at++];
    if (line === undefined) this.lines.at(-1)!.fail(`${expected} after this line`);
    return line.match(pattern, expected);
  }

  /** What a line `name: 9` tells. @param known what it told before */
  number(name: string, known?: number): number {
    const value = Number(this.next(new RegExp(`^${name}: *(\\d+)$`), `'${name}: ' and a number`)[1]);
    if (known !== undefined && value !== known)
      this.last.fail(`${name}: ${known}, as on the first memory node`);
    return value;
  }

  end(): void {
    this.lines[this.at]?.fail('the end of the file');
  }
}
