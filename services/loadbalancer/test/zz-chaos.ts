import { startBalancerProcess } from './balancer-process.ts';
import { openRaw, startRawUpstream, get } from './raw.ts';
import { connect } from '@galileo/service';
import { LoadBalancerDefinition } from '@galileo/proto/loadbalancer';
import { readFileSync } from 'node:fs';
const seed = Number(process.argv[2] ?? Date.now() % 1e6); console.log('seed', seed);
let s = seed; const rnd = () => (s = (s * 1103515245 + 12345) % 2147483648) / 2147483648;
const pick = <T>(...a: T[]) => a[Math.floor(rnd() * a.length)]!;
const sleep = (ms: number) => new Promise(r => setTimeout(r, ms));
const ups = await Promise.all([0,1,2].map(() => startRawUpstream(async c => {
  let n = 0;
  c.socket.on('data', async () => {
    const heads = c.received().split('\r\n\r\n').length - 1;
    while (n < heads) { n++;
      const m = Math.floor(rnd() * 14);
      try {
      switch (m) {
        case 0: c.socket.resetAndDestroy(); break;
        case 1: c.socket.end(); break;
        case 2: c.write('garbage\r\n\r\n'); break;
        case 3: c.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'); await sleep(rnd()*10); c.socket.end(); break;
        case 4: c.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n'); await sleep(rnd()*10); pick(() => c.socket.end(), () => c.socket.resetAndDestroy(), () => c.write('0\r\n\r\n'))(); break;
        case 5: c.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'); break;
        case 6: c.write('HTTP/1.1 204 No Content\r\n\r\n'); break;
        case 7: c.write('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nxyz'); c.socket.end(); break;
        case 8: c.write(`HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300000)}`); break;
        case 9: c.write('HTTP/1.1 100 Continue\r\n\r\n'); break;
        case 10: await sleep(rnd()*30); c.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokEXTRA'); break;
        default: c.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      } } catch {}
    }
  });
})));
const b = await startBalancerProcess({ galileo_lb_response_timeout: '500ms' });
const addr = ups.map(u => u.address);
await b.weigh('f', Object.fromEntries(addr.map(a => [a, 1])));
let total = 0; const statuses = new Map<string, number>();
const end = Date.now() + 15000;
const client = async () => {
  while (Date.now() < end) {
    using c = openRaw(b.http);
    const k = Math.floor(rnd() * 9);
    total++;
    switch (k) {
      case 0: c.write(get()); await sleep(rnd() * 10); break;
      case 1: c.write('POST /function/f HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n' + 'y'.repeat(50000)); await sleep(rnd() * 20); break;
      case 2: c.write('POST /function/f HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz'); await c.ended(); break;
      case 3: c.write('GET /function/f HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(5) + 'garbage\r\n\r\n'); await Promise.race([c.ended(), sleep(1500)]); break;
      case 4: c.write('POST /function/f HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 100000\r\n\r\n' + 'y'.repeat(100000)); await Promise.race([c.ended(), sleep(1500)]); break;
      case 5: c.write('GET /function/f HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(4)); await sleep(rnd()*30); break;
      case 6: c.socket.pause(); c.write(get()); await sleep(rnd()*50); c.socket.resume(); await Promise.race([c.ended(), sleep(1500)]); break;
      default: c.write(pick('GET','HEAD','POST','PUT','DELETE') + ' ' + get().slice(4)); await c.ended();
    }
    const m = /^HTTP\/1\.1 (\d+)/.exec(c.received())?.[1] ?? 'none'; statuses.set(m, (statuses.get(m) ?? 0) + 1);
  }
};
const churn = async () => { while (Date.now() < end) { await sleep(20); await b.weigh('f', Object.fromEntries(addr.filter(() => rnd() < 0.8).concat(addr.slice(0,1)).map(a => [a, Math.floor(rnd()*3)+0]))); } };
await Promise.all([...Array.from({ length: 24 }, client), churn()]);
await sleep(2000);
using conn = connect(LoadBalancerDefinition, b.grpc);
const st = await conn.client.getStatistics({});
console.log(total, Object.fromEntries(statuses), JSON.stringify(st));
console.log(/VmHWM.*/.exec(readFileSync(`/proc/${b.pid}/status`, 'utf8'))![0]);
const t = Date.now(); const o = await b.terminate(); console.log('exit', o.code, Date.now() - t, o.stderr.slice(0, 2000), o.stdout.split('\n').filter(l => !/ready|stop/.test(l)).slice(0, 5).join('\n').slice(0,1500));
process.exit(0);
