import { ConfigError, type ConfigOf, integer, oneOf, optionalText, secret } from '@galileo/service';

/** Kinds of stores that can be used now. */
const available: readonly string[] = ['sqlite'];

/** Variables of a service that opens the experiment store, to be spread into its own; the names are Galileo's. */
export const storeVariables = {
  driver: oneOf('galileo_expdb_driver', ['sqlite', 'mysql', 'influxdb', 'mixed'], {
    fallback: 'sqlite',
    doc: 'kind of the experiment store; only sqlite is available yet',
  }),
  sqlitePath: optionalText('galileo_expdb_sqlite_path', {
    doc: 'file of the SQLite store, the same for recorder and orchestrator; galileo.db in galileo_data_dir if unset',
  }),
  mysqlHost: optionalText('galileo_expdb_mysql_host', { doc: 'host of the MySQL or MariaDB server (mysql, mixed)' }),
  mysqlPort: integer('galileo_expdb_mysql_port', {
    fallback: '3307',
    min: 1,
    max: 65_535,
    doc: 'port of the MySQL or MariaDB server (mysql, mixed)',
  }),
  mysqlDatabase: optionalText('galileo_expdb_mysql_db', { doc: 'database on the MySQL or MariaDB server (mysql, mixed)' }),
  mysqlUser: optionalText('galileo_expdb_mysql_user', { doc: 'user of the MySQL or MariaDB server (mysql, mixed)' }),
  mysqlPassword: secret('galileo_expdb_mysql_password', { doc: 'password of that user (mysql, mixed)' }),
  influxdbUrl: optionalText('galileo_expdb_influxdb_url', { doc: 'URL of InfluxDB (influxdb, mixed)' }),
  influxdbToken: secret('galileo_expdb_influxdb_token', { doc: 'token for InfluxDB (influxdb, mixed)' }),
  influxdbTimeout: integer('galileo_expdb_influxdb_timeout', {
    fallback: '10000',
    min: 1,
    max: 3_600_000,
    doc: 'time-out of a request to InfluxDB, milliseconds (influxdb, mixed)',
  }),
  influxdbOrg: optionalText('galileo_expdb_influxdb_org', { doc: 'name of the organisation in InfluxDB (influxdb, mixed)' }),
  influxdbOrgId: optionalText('galileo_expdb_influxdb_org_id', {
    doc: 'id of the organisation in InfluxDB (influxdb, mixed)',
  }),
};

/** @throws ConfigError if the kind of store is one that does not exist yet. */
export function checkStore({ driver }: Pick<ConfigOf<typeof storeVariables>, 'driver'>): void {
  if (available.includes(driver)) return;
  throw new ConfigError([
    `galileo_expdb_driver: ${JSON.stringify(driver)} is not available yet; allowed: ${available.join(', ')}`,
  ]);
}
