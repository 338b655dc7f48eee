/** What the page's script is given, as JSON in the page: the timelines, thinned and packed. */

/** Whole numbers of 16 bits, little-endian, in base64. The value is the number × `step`; NO_VALUE means none. */
export interface PackedColumn {
  readonly step: number;
  readonly data: string;
}

/** Stands where a column has no value: after the replay stopped at a fault. */
export const NO_VALUE = 0xffff;

/** Places in `PageData.columns`: of the least and of the greatest value in each stretch of the run. */
export interface PackedRange {
  readonly min: number;
  readonly max: number;
}

export interface PackedAllocator {
  readonly name: string;
  readonly live: PackedRange;
  readonly granted: PackedRange;
  readonly footprint: PackedRange;
  readonly freeSegments: PackedRange;
}

export interface PackedTrace {
  /** Operations done at the end of each stretch. */
  readonly operation: readonly number[];
  readonly allocators: readonly PackedAllocator[];
}

export interface PageData {
  /** Each stands once: allocators that place alike share theirs. */
  readonly columns: readonly PackedColumn[];
  readonly traces: readonly PackedTrace[];
}
