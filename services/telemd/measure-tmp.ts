import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { TelemdDefinition } from '@galileo/proto/telemd';
import { connect } from '@galileo/service';
import { startRecorderDouble } from './test/recorder-double.ts';
const recorder = await startRecorderDouble();
const bare = spawn(process.execPath, ['-e', 'setInterval(()=>{},1e6)']);
const child = spawn(process.execPath, [process.argv[2] ?? 'src/main.ts'], { env: { PATH: process.env.PATH, galileo_grpc_listen: '127.0.0.1:0', galileo_recorder: recorder.address, ...(process.argv[3] ? Object.fromEntries(['cpu','disk','load','net','process','ram','self'].map(n=>[`telemd_period_${n}`, process.argv[3]])) : {}) }, stdio: ['ignore', 'pipe', 'inherit'] });
for await (const line of createInterface({ input: child.stdout })) {
  console.log(line); const m = JSON.parse(line); if (m.msg !== 'ready') continue;
  const { client } = connect(TelemdDefinition, m.addresses.grpc);
  await client.setProcesses({ processes: [{ name: 'me', pid: process.pid }, { name: 'a', pid: bare.pid! }, { name: 'self', pid: child.pid! }] });
  await new Promise(r => setTimeout(r, 3000));
  const stat = () => { const f = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' '); return { cpu: Number(f[11]) + Number(f[12]), rss: Number(f[21]) * 4096 / 1e6 }; };
  const a = stat(), t = performance.now(), n = recorder.samples.length;
  await new Promise(r => setTimeout(r, 20000));
  const b = stat(), s = (performance.now() - t) / 1000;
  console.log({ cpuPercent: (b.cpu - a.cpu) / s, rss: b.rss, samplesPerSecond: (recorder.samples.length - n) / s, bare: Number(readFileSync(`/proc/${bare.pid}/stat`, 'utf8').split(') ')[1].split(' ')[21]) * 4096 / 1e6 });
  console.table((await client.listInstruments({})).instruments.map(i => ({ ...i, meanDuration: (i.meanDuration * 1e6).toFixed(0) })));
  const t1 = recorder.samples.filter(x => x.metric === 'cpu' && x.subsystem === null).map(x => x.timestamp);
  const gaps = t1.slice(1).map((x, i) => (x - t1[i]!) * 1000).sort((x, y) => x - y);
  console.log('gap ms p1/p50/p99', gaps[Math.floor(gaps.length * .01)], gaps[gaps.length >> 1], gaps[Math.floor(gaps.length * .99)]);
  child.kill('SIGTERM'); const t2 = performance.now(); await new Promise(r => child.once('exit', (c, sig) => r(console.log('exit', c, sig, performance.now() - t2)))); break;
}
bare.kill(); process.exit();
