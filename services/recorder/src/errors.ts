/** What comes over the bus can't be heard, so that a recording would miss it. */
export class BusUnavailableError extends Error {
  constructor(bus: string) {
    super(`${bus} is not connected: what is published there would be missed`);
    this.name = 'BusUnavailableError';
  }
}

/** A recording with this id exists, open or ended. */
export class RecordingExistsError extends Error {
  constructor(id: string, ended: boolean) {
    super(`recording ${JSON.stringify(id)} exists already${ended ? ' and has ended' : ' and is open'}`);
    this.name = 'RecordingExistsError';
  }
}

/** There is no recording with this id. */
export class NoRecordingError extends Error {
  constructor(id: string) {
    super(id === 'latest' ? 'there is no recording yet' : `there is no recording ${JSON.stringify(id)}`);
    this.name = 'NoRecordingError';
  }
}

/** Several recordings have an id that begins so. */
export class AmbiguousRecordingError extends Error {
  constructor(text: string, found: readonly string[]) {
    super(`several recordings have an id that begins with ${JSON.stringify(text)}: ${found.join(', ')}`);
    this.name = 'AmbiguousRecordingError';
  }
}

/** The experiment exists, so that what is said of it for the case that it does not would have no effect. */
export class ExperimentExistsError extends Error {
  constructor(id: string) {
    super(`experiment ${JSON.stringify(id)} exists already: its name, creator and metadata can't be set`);
    this.name = 'ExperimentExistsError';
  }
}

/** The recorder ends while a call is under way. */
export class StoppingError extends Error {
  constructor() {
    super('the recorder is stopping');
    this.name = 'StoppingError';
  }
}
