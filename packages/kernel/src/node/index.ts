/**
 * What of the kernel needs Node: files on disk.
 * @module @freehold/kernel/node
 */

export { type CopyReason, HostFiles, type HostFilesOptions } from './host-files.js';
export { NodeFile, type NodeFileOptions } from './node-file.js';
