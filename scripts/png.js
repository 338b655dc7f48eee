/** PNG with a palette: less than half the bytes of the PNGs that a browser writes of the same picture. */
import { crc32, deflateSync } from 'node:zlib';

const COLOURS_MAX = 256;
const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const INDEXED = 3;

/**
 * @param {Uint8Array} rgba 4 bytes a pixel, row by row; what is transparent is taken for opaque
 * @param {number} width
 * @param {number} height
 * @returns {Buffer} a file of at most 256 colours; where there are more, rare ones become the nearest frequent one
 */
export function palettePng(rgba, width, height) {
  const classes = countClasses(rgba);
  const frequent = [...classes].sort(([, a], [, b]) => b.count - a.count).slice(0, COLOURS_MAX);
  const palette = frequent.map(([, { colour }]) => colour);
  const indices = new Map([...classes].map(([key, { colour }]) => [key, nearest(palette, colour)]));
  const rows = Buffer.alloc(height * (width + 1));
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++)
      rows[y * (width + 1) + 1 + x] = /** @type {number} */ (indices.get(classOf(rgba, (y * width + x) * 4)));
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, INDEXED], 8);
  const chunks = [
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flat())),
    chunk('IDAT', deflateSync(rows, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ];
  return Buffer.concat([SIGNATURE, ...chunks]);
}

/** @typedef {readonly number[]} Colour red, green, blue */

/**
 * Colours that agree in the upper 5 bits of red, green and blue: how many pixels, and the first colour met.
 * @param {Uint8Array} rgba
 */
function countClasses(rgba) {
  /** @type {Map<number, { count: number, colour: Colour }>} */
  const classes = new Map();
  for (let at = 0; at < rgba.length; at += 4) {
    const key = classOf(rgba, at);
    const known = classes.get(key);
    if (known === undefined) classes.set(key, { count: 1, colour: [rgba[at], rgba[at + 1], rgba[at + 2]] });
    else known.count++;
  }
  return classes;
}

/**
 * @param {Uint8Array} rgba
 * @param {number} at
 */
function classOf(rgba, at) {
  return ((rgba[at] >> 3) << 10) | ((rgba[at + 1] >> 3) << 5) | (rgba[at + 2] >> 3);
}

/**
 * @param {readonly Colour[]} palette
 * @param {Colour} colour
 */
function nearest(palette, colour) {
  const distances = palette.map((each) => each.reduce((sum, part, i) => sum + (part - colour[i]) ** 2, 0));
  return distances.indexOf(Math.min(...distances));
}

/**
 * @param {string} type
 * @param {Uint8Array} data
 */
function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}
