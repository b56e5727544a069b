export { claimClient } from './arrivals.ts';
export {
  type Account,
  type ArchivedEntry,
  type Book,
  closeInterval,
  createBook,
  knowsInterval,
  openInterval,
  unverifiedAccount,
  unverifiedId,
} from './book.ts';
export { type BookRow, BookStateError, bookRow, readBook } from './book-state.ts';
export type { Estimate } from './clock-estimate.ts';
export { type ClockReportOptions, startClockReport } from './clock-report.ts';
export { addCounter, type Counters } from './counters.ts';
export {
  createFiling,
  type Filed,
  type Filing,
  type FindPlaces,
  type Place,
  placesOf,
  type Rejected,
  type Sink,
} from './filing.ts';
export { everything, kindName, kindNumber } from './filter.ts';
export { finalLedger, provisionalLedger } from './ledger.ts';
export { type LiveFigures, liveFigures } from './live-figures.ts';
export { createMailbox, type Mailbox } from './mailbox.ts';
export { type Producer, type ProducerOptions, startProducer } from './producer.ts';
export { producerId } from './producer-id.ts';
export {
  allComplete,
  type BucketPlace,
  bucketSpan,
  bucketsToCount,
  conclude,
  isComplete,
  type Question,
  questionFor,
  takeDurable,
} from './repair.ts';
export { parseRequestId, type RequestId } from './request-id.ts';
export { type Doubts, doubtsAbout, type RowCounts, type RowDetails } from './row-mismatches.ts';
export { type SpoolOwner, type SpoolSettings, sharedSpoolDirectory, spoolSettings, spoolVariables } from './spool-settings.ts';
export { applyStatement, statementProblem } from './statements.ts';
export { addToTally, bucketOf, emptyTally, type Tally } from './tally.ts';
export { telemetryKey } from './telemetry-key.ts';
