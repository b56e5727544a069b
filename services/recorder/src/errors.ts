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
    super(`there is no recording ${JSON.stringify(id)}`);
    this.name = 'NoRecordingError';
  }
}

/** The recorder ends while a call is under way. */
export class StoppingError extends Error {
  constructor() {
    super('the recorder is stopping');
    this.name = 'StoppingError';
  }
}
