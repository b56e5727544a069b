import { type Deadlines, Timed } from './deadlines.ts';

/** A part of an exchange that has a time-out of its own. Made only for requests that ask for one, so that others pay nothing. */
export class Phase extends Timed {
  readonly #deadlines: Deadlines;
  readonly #exceeded: () => void;

  /** Begins. `exceeded` is called once if it is not over within so many seconds. */
  constructor(deadlines: Deadlines, seconds: number, exceeded: () => void) {
    super();
    this.#deadlines = deadlines;
    this.#exceeded = exceeded;
    deadlines.begin(this, seconds);
  }

  expire(): void {
    this.#exceeded();
  }

  /** It is over. */
  end(): void {
    this.#deadlines.end(this);
  }
}
