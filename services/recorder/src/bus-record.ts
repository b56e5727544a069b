/** A line as it comes from the bus, which doesn't tell whose it is. */
export interface BusRecord {
  readonly channel: string;
  readonly line: string;
}
