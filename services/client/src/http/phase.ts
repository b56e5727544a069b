import type { Deadlines, Timed } from './deadlines.ts';

/** A part of an exchange that has a time-out of its own. Made only for requests that ask for one, so that others pay nothing. */
export class Phase implements Timed {
  deadline = 0;
  readonly #deadlines: Deadlines;
  readonly #seconds: number;
  readonly #exceeded: () => void;

  /** Begins. `exceeded` is called once if it is not over within so many seconds. */
  constructor(deadlines: Deadlines, seconds: number, exceeded: () => void) {
    this.#deadlines = deadlines;
    this.#seconds = seconds;
    this.#exceeded = exceeded;
    deadlines.begin(this, seconds);
  }

  expire(): void {
    this.#exceeded();
  }

  /** It is over. */
  end(): void {
    this.#deadlines.end(this, this.#seconds);
  }
}
