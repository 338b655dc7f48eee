/**
 * The physical memory of the machine: a real array of bytes, divided into frames of 4 KiB. Frame n holds the bytes
 * from `n * FRAME_BYTES` on; its number is what Linux calls a page frame number (pfn).
 */
import { display, INSPECT, summary } from 'freehold';

export const FRAME_BYTES = 4096;

/**
 * The physical memory: one array of real bytes under views of several widths, all from physical address 0 on.
 * @example
 * ```js
 * const machine = new Machine(16 * 2 ** 20);
 * machine.frames;   // => 4096
 * machine.u32[FRAME_BYTES / 4] = 0xcafe;
 * // The same bytes in frame 1, the lowest first.
 * machine.frameBytes(1).subarray(0, 2);   // => Uint8Array.of(0xfe, 0xca)
 * new Machine(1000);   // => throws RangeError: memory must be 1 MiB to 4 GiB
 * ```
 */
export class Machine {
  /** Bytes of memory, a multiple of FRAME_BYTES. */
  readonly bytes: number;
  readonly frames: number;
  readonly u8: Uint8Array;
  readonly u16: Uint16Array;
  readonly u32: Uint32Array;
  readonly f64: Float64Array;
  readonly view: DataView;

  /**
   * @param bytes 1 MiB to 4 GiB, a multiple of 4 KiB; the host gives each frame its real memory at the first touch
   * @throws RangeError otherwise
   */
  constructor(bytes: number) {
    if (!(Number.isInteger(bytes) && bytes % FRAME_BYTES === 0 && bytes >= 2 ** 20 && bytes <= 2 ** 32)) {
      throw new RangeError(
        `memory must be 1 MiB to 4 GiB in whole frames of 4096 bytes, got ${display(bytes)}`,
      );
    }
    this.bytes = bytes;
    this.frames = bytes / FRAME_BYTES;
    const buffer = new ArrayBuffer(bytes);
    this.u8 = new Uint8Array(buffer);
    this.u16 = new Uint16Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.f64 = new Float64Array(buffer);
    this.view = new DataView(buffer);
  }

  /**
   * The bytes of `count` frames from `frame` on, as a view, not a copy; cut off at the end of memory.
   * @example
   * ```js
   * const { machine, pages } = new Kernel();
   * const frame = pages.allocPages(GFP_KERNEL, 1);
   * const buffer = machine.frameBytes(frame, 2);
   * buffer.length;   // => 8192
   * buffer[4096] = 9;
   * machine.u8[(frame + 1) * FRAME_BYTES];   // => 9
   * ```
   */
  frameBytes(frame: number, count = 1): Uint8Array {
    const start = frame * FRAME_BYTES;
    return this.u8.subarray(start, start + count * FRAME_BYTES);
  }

  /**
   * Clears `count` frames from `frame` on, as allocPages does for __GFP_ZERO. O(bytes).
   * @example
   * ```js
   * const machine = new Machine(2 ** 20);
   * machine.frameBytes(2, 3).fill(1);
   * machine.zeroFrames(2, 2);
   * [2, 3, 4].map((frame) => machine.frameBytes(frame)[0]);   // => [0, 0, 1]
   * ```
   */
  zeroFrames(frame: number, count: number): void {
    this.u8.fill(0, frame * FRAME_BYTES, (frame + count) * FRAME_BYTES);
  }

  /**
   * Copies the 4096 bytes of frame `from` to frame `to`, as copy-on-write does at the first write.
   * @example
   * ```js
   * const machine = new Machine(2 ** 20);
   * machine.frameBytes(7).fill(3);
   * machine.copyFrame(7, 8);
   * machine.frameBytes(8)[4095];   // => 3
   * ```
   */
  copyFrame(from: number, to: number): void {
    const start = from * FRAME_BYTES;
    this.u8.copyWithin(to * FRAME_BYTES, start, start + FRAME_BYTES);
  }

  /**
   * What `JSON.stringify` makes of it: facts, without what it keeps them in. `console.log` shows the same in a line.
   * @example
   * ```js
   * new Machine(2 ** 24).toJSON();   // => { bytes: 2 ** 24, frames: 4096 }
   * ```
   */
  toJSON(): object {
    return { bytes: this.bytes, frames: this.frames };
  }

  /** @internal */
  [INSPECT](): string {
    return summary(this, this.toJSON());
  }
}
