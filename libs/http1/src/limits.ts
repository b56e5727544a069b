/** How large a message's head, and its trailers, may be. */
export interface Limits {
  /** Bytes of start line and field lines with their ends; the trailers have as many for themselves. */
  readonly headBytes: number;
  /** Field lines. */
  readonly fields: number;
}

/** 64 KiB, which proxies in front of us allow at most, and 256 fields. */
export const defaultLimits: Limits = { headBytes: 64 * 1024, fields: 256 };
