import { ConfigError, readConfig } from '@galileo/service';
import { expect, test } from 'vitest';
import { checkStore, storeVariables } from './variables.ts';

test('the variables of all stores are known, and SQLite is what is used unless told', () => {
  const config = readConfig(storeVariables, { galileo_expdb_mysql_host: 'db', galileo_expdb_influxdb_org: 'o' });
  expect(config).toMatchObject({ driver: 'sqlite', mysqlHost: 'db', mysqlPort: 3307, influxdbOrg: 'o' });
  expect(() => checkStore(config)).not.toThrow();
});

test.for(['mysql', 'influxdb', 'mixed'])('the store %s is refused with what is available', driver => {
  const config = readConfig(storeVariables, { galileo_expdb_driver: driver });
  expect(() => checkStore(config)).toThrow(ConfigError);
  expect(() => checkStore(config)).toThrow(`galileo_expdb_driver: "${driver}" is not available yet; allowed: sqlite`);
});
