/**
 * The physical memory of the machine: a real array of bytes, divided into frames of 4 KiB. Frame n holds the bytes
 * from `n * FRAME_BYTES` on; its number is what Linux calls a page frame number (pfn).
 */

export const FRAME_SHIFT = 12;
export const FRAME_BYTES = 4096;

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
        `memory must be 1 MiB to 4 GiB in whole frames of 4096 bytes, got ${String(bytes)}`,
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

  /** The bytes of `count` frames from `frame` on, as a view, not a copy. */
  frameBytes(frame: number, count = 1): Uint8Array {
    const start = frame * FRAME_BYTES;
    return this.u8.subarray(start, start + count * FRAME_BYTES);
  }

  zeroFrames(frame: number, count: number): void {
    this.u8.fill(0, frame * FRAME_BYTES, (frame + count) * FRAME_BYTES);
  }

  copyFrame(from: number, to: number): void {
    const start = from * FRAME_BYTES;
    this.u8.copyWithin(to * FRAME_BYTES, start, start + FRAME_BYTES);
  }
}
