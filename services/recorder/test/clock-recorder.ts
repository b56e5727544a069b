// A recorder whose now() is shifted; prints its address and how its clock runs. Arguments: path of the store, address to
// listen on, seconds of the shift.
import { createClock } from '@galileo/service';
import { silentLog } from '@galileo/testkit';
import { startRecorder } from '../src/service.ts';
import { readTimeline } from './clock-timeline.ts';

const [sqlitePath, listen, shift] = process.argv.slice(2);
const clock = createClock({ wall: () => Date.now() + 1000 * Number(shift), monotonic: () => performance.now() });
const config = { listen: listen!, token: undefined, sqlitePath: sqlitePath!, bus: 'direct' as const };
const { addresses } = await startRecorder(config, { log: silentLog, clock });
console.log(JSON.stringify({ address: addresses['grpc'], ...readTimeline(clock, 1) }));
