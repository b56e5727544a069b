import type { Register } from '../app.ts';
import { registerRecordingList } from './recordings-ls.ts';
import { registerRecordingStop } from './recordings-stop.ts';

export const registerRecordings: Register = (parent, app, exit) => {
  const group = parent.command('recordings').description('list recordings and end those that were left open');
  for (const register of [registerRecordingList, registerRecordingStop]) register(group, app, exit);
};
