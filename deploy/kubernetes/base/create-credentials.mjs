// Creates the Secret galileo-credentials with random values, unless there is one: so nobody runs Galileo with a password
// that others know, and nobody has to invent one. It may create Secrets and nothing else, so it never reads what is there.
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';

const account = process.env.service_account_directory ?? '/var/run/secrets/kubernetes.io/serviceaccount';
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env;
const read = name => readFileSync(`${account}/${name}`, 'utf8').trim();
const random = () => randomBytes(32).toString('hex');

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'galileo-credentials', labels: { 'app.kubernetes.io/part-of': 'galileo' } },
  type: 'Opaque',
  stringData: { galileo_token: random(), galileo_redis_password: random() },
};

/** Status and `reason: message` of the answer. */
function create() {
  const path = `/api/v1/namespaces/${read('namespace')}/secrets`;
  const headers = { authorization: `Bearer ${read('token')}`, 'content-type': 'application/json' };
  return new Promise((resolve, reject) => {
    const call = request({ host, port, path, method: 'POST', headers, ca: read('ca.crt'), timeout: 10_000 }, async response => {
      try {
        const text = (await response.toArray()).join('');
        const { reason, message } = response.statusCode < 300 ? {} : JSON.parse(text);
        resolve({ status: response.statusCode, problem: `${reason}: ${message}` });
      } catch (error) {
        reject(error);
      }
    });
    call.on('timeout', () => call.destroy(new Error('no answer within 10 s')));
    call.on('error', reject);
    call.end(JSON.stringify(secret));
  });
}

try {
  const { status, problem } = await create();
  if (status === 201) console.log('created the Secret galileo-credentials');
  else if (status === 409) console.log('the Secret galileo-credentials is there already');
  else throw new Error(`${status} ${problem}`);
} catch (error) {
  console.error(`could not create the Secret galileo-credentials at https://${host}:${port}: ${error.message}`);
  process.exitCode = 1;
}
