import type { Profile } from './profile.ts';
import { steps } from './steps.ts';

/** A rate that was measured, one value for each interval: steps that come from a file. */
export const recorded: Profile<'recorded'> = {
  ...steps,
  name: 'recorded',
  doc: 'rates that were recorded, one for each interval',
};
