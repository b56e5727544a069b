import type { Register } from '../app.ts';
import { registerList } from './experiments-ls.ts';
import { registerRemove } from './experiments-rm.ts';
import { registerShow } from './experiments-show.ts';

export const registerExperiments: Register = (parent, app, exit) => {
  const group = parent.command('experiments').description('list, show and remove experiments');
  for (const register of [registerList, registerShow, registerRemove]) register(group, app, exit);
};
