/** How the report writes figures; the same in the tables, made when it is written, and under the pointer. */
/** Three digits that count: `999 B`, `1.5 KiB`, `15.6 MiB`. */
export declare function formatSize(bytes: number): string;
/** `1,234,567`; three digits that count below 100 where it is not whole. */
export declare function formatCount(count: number): string;
/** `25.3 %` of 0.253. */
export declare function formatFraction(fraction: number): string;
/** `1.08` of a ratio. */
export declare function formatRatio(ratio: number): string;
export declare function formatNanoseconds(nanoseconds: number): string;
/** For axes: `800 k`, `1.5 M`. */
export declare function formatCompact(count: number): string;
//# sourceMappingURL=format.d.ts.map
