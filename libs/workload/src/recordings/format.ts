/** A way to write down a list of numbers: inter-arrival times in seconds, or rates in requests per second. */
export interface RecordingFormat<Name extends string = string> {
  /** Also the ending of such files. */
  readonly name: Name;
  /** @throws RecordingError that tells the line, or in a binary format the byte. */
  read(content: Uint8Array): number[];
  /** Reading gives the same doubles. */
  write(numbers: readonly number[]): Buffer;
}
