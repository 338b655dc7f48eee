/** The texts of /proc: printed as Linux prints them, read from any Linux. */
export * from './buddyinfo.js';
export * from './extfrag.js';
export { ProcFormatError } from './lines.js';
export { type MapsArea, mapsOf, parseMaps, printMaps } from './maps.js';
export * from './meminfo.js';
export * from './pagetypeinfo.js';
export * from './slabinfo.js';
export * from './smaps.js';
export * from './vmallocinfo.js';
