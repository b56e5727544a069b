import type { Producer } from '@galileo/reconcile';
import type { Clock } from '@galileo/service';

/** Names of the orchestrator's own events. `weight_update` has the value that Galileo's load balancer gives it. */
type EventName = 'experiment/start' | 'experiment/end' | 'replica_start' | 'replica_exit' | 'weight_update';

/** Publishes the orchestrator's own events, with the time of the call. */
export type EventLog = (name: EventName, value: string | Readonly<Record<string, unknown>>) => void;

export function createEventLog(producer: Pick<Producer, 'event'>, clock: Clock): EventLog {
  let last = 0;
  return (name, value) => {
    // An event's identity is its time, name and value: two of the same kind at one instant would be one.
    last = Math.max(clock.now(), last + 1e-6);
    producer.event({ timestamp: last, name, value: typeof value === 'string' ? value : JSON.stringify(value) });
  };
}
