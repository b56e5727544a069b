import type { Register } from '../app.ts';
import { registerExperiments } from './experiments.ts';
import { registerLedger } from './ledger.ts';
import { registerProfile } from './profile.ts';
import { registerRecord } from './record.ts';
import { registerRecordings } from './recordings.ts';
import { registerReport } from './report.ts';
import { registerRun } from './run.ts';
import { registerSchema } from './schema.ts';
import { registerValidate } from './validate.ts';

/** The commands in the order of `galileo --help`. */
export const commands: readonly Register[] = [
  registerRun,
  registerReport,
  registerExperiments,
  registerRecord,
  registerLedger,
  registerRecordings,
  registerProfile,
  registerValidate,
  registerSchema,
];
