import type { Distribution } from './distribution.ts';
import { normalvariate } from './normalvariate.ts';

/** Python's second name for the normal distribution. */
export const gauss: Distribution<'gauss'> = { ...normalvariate, name: 'gauss' };
