/** Memory that a fuzzed kernel takes for itself: kmalloc, frames, vmalloc; each block filled, and looked at when freed. */
import { GFP_KERNEL } from '../src/frames/gfp.js';
import { PAGE_OFFSET } from '../src/frames/page-allocator.js';
import type { Kernel } from '../src/kernel.js';
import { FRAME_BYTES } from '../src/machine.js';
import { type Dice, equal } from './fuzz-tools.js';

const BLOCKS_MAX = 8;

type Kind = 'kmalloc' | 'pages' | 'vmalloc';

interface Block {
  readonly kind: Kind;
  readonly address: number;
  readonly bytes: number;
  readonly fill: number;
}

export class KernelBlocks {
  private readonly kernel: Kernel;
  private readonly dice: Dice;
  private readonly blocks: Block[] = [];

  constructor(kernel: Kernel, dice: Dice) {
    this.kernel = kernel;
    this.dice = dice;
  }

  /** Takes a block or gives one back. @returns false when there was no memory for one */
  step(): boolean {
    const { blocks, dice } = this;
    if (blocks.length > BLOCKS_MAX || (blocks.length > 0 && dice.oneIn(2))) {
      this.freeOne();
      return true;
    }
    const kind = dice.pick<Kind>(['kmalloc', 'pages', 'vmalloc']);
    const bytes =
      kind === 'pages' ? FRAME_BYTES << dice.upTo(3) : 1 + dice.upTo(kind === 'kmalloc' ? 9000 : 20_000);
    const address = this.allocate(kind, bytes);
    if (address === null) return false;
    const block = { kind, address, bytes, fill: dice.upTo(256) };
    this.write(block, new Uint8Array(bytes).fill(block.fill));
    blocks.push(block);
    return true;
  }

  freeAll(): void {
    while (this.blocks.length > 0) this.freeOne();
  }

  private freeOne(): void {
    const block = this.blocks.splice(this.dice.upTo(this.blocks.length), 1)[0];
    const { kind, address, bytes, fill } = block;
    const { pages, slab, vm } = this.kernel;
    const spoilt = this.read(block).findIndex((byte) => byte !== fill);
    equal(spoilt, -1, `the first spoilt byte of ${bytes} bytes that the kernel has by ${kind}`);
    if (kind === 'kmalloc') slab.kfree(address);
    else if (kind === 'vmalloc') vm.kernel.vfree(address);
    else pages.freePagesAt(address, Math.log2(bytes / FRAME_BYTES));
  }

  private allocate(kind: Kind, bytes: number): number | null {
    const { pages, slab, vm } = this.kernel;
    if (kind === 'kmalloc') return slab.kmalloc(bytes);
    if (kind === 'vmalloc') return vm.kernel.vmalloc(bytes);
    return pages.getFreePages(GFP_KERNEL, Math.log2(bytes / FRAME_BYTES));
  }

  private write({ kind, address }: Block, contents: Uint8Array): void {
    if (kind === 'vmalloc') this.kernel.vm.kernel.write(address, contents);
    else this.kernel.machine.u8.set(contents, address - PAGE_OFFSET);
  }

  private read({ kind, address, bytes }: Block): Uint8Array {
    const contents = new Uint8Array(bytes);
    if (kind === 'vmalloc') this.kernel.vm.kernel.read(address, contents);
    else contents.set(this.kernel.machine.u8.subarray(address - PAGE_OFFSET, address - PAGE_OFFSET + bytes));
    return contents;
  }
}
