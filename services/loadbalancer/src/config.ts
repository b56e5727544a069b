import { type ConfigOf, commonVariables, duration, integer, oneOf, optionalText, text } from '@galileo/service';

/** Environment of the load balancer. `eb_go_lb_*` are the variables of the Go original. */
export const variables = {
  ...commonVariables(50053),
  zone: text('eb_go_lb_zone', { fallback: 'main', doc: 'zone that the load balancer names in its own answers' }),
  handler: oneOf('eb_go_lb_handler_type', ['wrr', 'dummy'], {
    fallback: 'wrr',
    doc: 'wrr: weighted round robin over the replicas; dummy: answers every request itself',
  }),
  nodeName: optionalText('eb_go_lb_node_name', {
    doc: 'name of the node in X-Forwarded-For and X-Forwarded-Host-<node>; the host name if unset',
  }),
  listenHost: text('galileo_lb_listen_host', { fallback: '0.0.0.0', doc: 'host or address that HTTP is listened on' }),
  listenPort: integer('eb_go_lb_listen_port', {
    fallback: '8080',
    min: 0,
    max: 65535,
    doc: 'port that HTTP is listened on; 0 takes a free one',
  }),
  connectTimeout: duration('galileo_lb_connect_timeout', {
    fallback: '5s',
    min: 0.001,
    doc: 'how long to wait for a connection to a replica',
  }),
  responseTimeout: duration('galileo_lb_response_timeout', {
    fallback: '300s',
    doc: "how long to wait for a replica's response header, and between two pieces of its body; 0 for ever",
  }),
  replicaIdleTimeout: duration('galileo_lb_replica_idle_timeout', {
    fallback: '4s',
    min: 0.001,
    doc: 'how long an unused connection to a replica is kept, at most (a Keep-Alive header of the replica shortens it)',
  }),
  clientIdleTimeout: duration('galileo_lb_client_idle_timeout', {
    fallback: '0s',
    doc: 'how long an unused connection of a client is kept, and how long the head of a request may take; 0 for ever',
  }),
  maxHeaderBytes: integer('galileo_lb_max_header_bytes', {
    fallback: '65536',
    min: 1024,
    max: 16_777_216,
    doc: 'largest head of a request or of a response, bytes',
  }),
  replicaConnections: integer('galileo_lb_replica_connections', {
    fallback: '0',
    min: 0,
    max: 65535,
    doc: 'most connections to one replica, further requests wait for one; 0 for no limit',
  }),
};

export type Config = ConfigOf<typeof variables>;
