export {
  type Account,
  allFinal,
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
export { createFiling, type Filed, type Filing, type FindPlaces, type Place, placesOf, type Sink } from './filing.ts';
export { everything, kindName, kindNumber } from './filter.ts';
export { finalLedger, provisionalLedger } from './ledger.ts';
export { type LiveFigures, liveFigures } from './live-figures.ts';
export { createMailbox, type Mailbox } from './mailbox.ts';
export { allArrived } from './mismatches.ts';
export { type Producer, type ProducerOptions, startProducer } from './producer.ts';
export { producerId } from './producer-id.ts';
export { parseRequestId, type RequestId } from './request-id.ts';
export { type Doubts, doubtsAbout, type RowCounts, type RowDetails } from './row-mismatches.ts';
export type { BucketCount, Missing } from './spool/contents.ts';
export { type Surroundings, spoolDirectory } from './spool/directory.ts';
export { SpoolError, SpoolLockedError } from './spool/errors.ts';
export type { Examination, Leftover } from './spool/leftovers.ts';
export type { Damage, Position, SpooledRecord } from './spool/segment-format.ts';
export { type Dropped, openSpool, type Spool, type SpoolOptions } from './spool/spool.ts';
export type { ProducerState } from './spool/state.ts';
export type { Wanted } from './spool/wanted.ts';
export { applyStatement, statementProblem } from './statements.ts';
export { bucketOf } from './tally.ts';
