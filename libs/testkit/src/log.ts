import { createLog } from '@galileo/service';

/** A log that says nothing. */
export const silentLog = createLog('test', 'SILENT');
