/** What of the kernel needs Node: files on disk. */

export { NodeFile } from './node-file.js';
