/** Something is no list of numbers, or holds one that is not allowed. The message tells where. */
export class RecordingError extends Error {
  constructor(problem: string) {
    super(problem);
    this.name = 'RecordingError';
  }
}

/** More numbers than this are not taken: they travel in one message of 64 MiB at most. */
export const mostNumbers = 2_000_000;

/** A long text in a message is cut. */
const shownLength = 40;

/** The sentence for something that was found at a place (`line 3`, `byte 12`). @throws RecordingError always */
export function refuse(place: string, found: string, allowed: string): never {
  throw new RecordingError(`${place}: found ${found}; allowed: ${allowed}`);
}

/** A text as it stands in messages. */
export function quote(text: string): string {
  return JSON.stringify(text.length > shownLength ? `${text.slice(0, shownLength)}…` : text);
}

/** Checks the number of numbers. @throws RecordingError */
export function checkCount(count: number): void {
  if (count === 0) throw new RecordingError('found no number; allowed: at least one');
  if (count > mostNumbers) throw new RecordingError(`found more than ${mostNumbers} numbers; allowed: at most ${mostNumbers}`);
}
