/** A line of /proc/buddyinfo. */
export interface BuddyinfoZone {
  readonly node: number;
  readonly zone: string;
  /** Free blocks of `2 ** index` frames. */
  readonly free: readonly number[];
  /** Bytes of a frame, where the text tells them: a kernel's log does. */
  readonly pageBytes?: number;
}
