export {
  type Arrival,
  arrivalProblem,
  type DistributionArrival,
  type ProcessName,
  type ProfileArrival,
  processNames,
  type RecordedArrival,
  type TicksArrival,
} from './arrival.ts';
export type { Distribution } from './distributions/distribution.ts';
export { type DistributionName, distributionProblem, distributions } from './distributions/registry.ts';
export { meanRates } from './mean-rates.ts';
export type { Profile, ProfileParameter, ProfileValues } from './profiles/profile.ts';
export { type ProfileName, profiles } from './profiles/registry.ts';
export { createRandom, type Random } from './random.ts';
export type { RecordingFormat } from './recordings/format.ts';
export { mostNumbers, RecordingError } from './recordings/recording-error.ts';
export { recordingFormatOf, recordingFormats } from './recordings/registry.ts';
export { checkSchedule, createSchedule, type Schedule, ScheduleError, type ScheduleOptions } from './schedule.ts';
export { combinedHash, createScheduleHash, type ScheduleHash, scheduleHash } from './schedule-hash.ts';
export { clientSeed } from './seed.ts';
