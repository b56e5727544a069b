import { expect, it } from 'vitest';
import { variables } from './config.ts';
import { labelsOf } from './labels.ts';

it('takes every galileo_* variable that holds no secret', () => {
  const labels = labelsOf(
    {
      HOME: '/root',
      galileo_zone: 'main',
      galileo_worker_name: 'w1',
      galileo_token: 'secret',
      galileo_redis_password: 'secret',
      galileo_expdb_influxdb_token: 'secret',
      galileo_tls_key: '/etc/key.pem',
      galileo_tls_ca: '/etc/ca.pem',
      galileo_redis_tls: 'true',
      galileo_redis_host: 'redis',
      galileo_redis_port: '6379',
      galileo_redis_username: 'user',
      galileo_expdb_sqlite_path: './galileodb.sqlite',
      galileo_api_secret: 'secret',
      galileo_expdb_url: 'mysql://user:secret@host/db',
      galileo_keyboard: 'qwerty',
    },
    variables,
  );
  expect(labels).toEqual({ galileo_zone: 'main', galileo_worker_name: 'w1', galileo_keyboard: 'qwerty' });
});
