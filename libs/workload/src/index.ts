export { type Arrival, arrivalProblem, type DistributionArrival, type TicksArrival } from './arrival.ts';
export type { Distribution } from './distributions/distribution.ts';
export { type DistributionName, distributionProblem, distributions } from './distributions/registry.ts';
export { createSchedule, type Schedule, ScheduleError } from './schedule.ts';
export { clientSeed } from './seed.ts';
