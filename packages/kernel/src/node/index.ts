/**
 * What of the kernel needs Node: files on disk.
 * @module @freehold/kernel/node
 */

export { NodeFile } from './node-file.js';
