import {
  anyLinkFault,
  type Fault,
  linkCut,
  linkDelayed,
  linkThrottled,
  producerKilled,
  recorderKilled,
  redisKilled,
  redisStopped,
  spoolWiped,
  storeFull,
  wipedAndKilled,
} from './faults.ts';
import type { Draw } from './random.ts';
import { type LinkName, linkNames } from './rig.ts';

/** When a fault begins after the load, and how long it lasts, seconds. */
export interface Occurrence {
  readonly at: number;
  readonly seconds: number;
  readonly fault: Fault;
}

/** How long a scenario is. */
export interface Size {
  /** Seconds of load at least. */
  readonly load: number;
  /** How often a fault occurs. */
  readonly rounds: number;
  /** How long a fault lasts, seconds. */
  readonly fault: readonly [least: number, most: number];
}

/** For `npm run test:faults`, and for `npm test`. */
export const full: Size = { load: 20, rounds: 3, fault: [1, 4] };
export const short: Size = { load: 3, rounds: 1, fault: [0.5, 1.2] };

/**
 * What must hold in the end.
 * `nothing lost`: everything is stored once, or rejected. `declared`: something is lost, and the ledger says exactly how much.
 * `no false claim`: what nobody can know is not claimed: the ledger is not final and names the producer.
 */
export type Promised = 'nothing lost' | 'declared' | 'no false claim';

export interface Scenario {
  readonly name: string;
  readonly what: string;
  readonly promised: Promised;
  /** Caps of each producer's spool and of what waits for Redis, bytes; those of services unless told. */
  readonly caps?: { readonly spoolBytes: number; readonly publisherBytes: number };
  /** Line of the recorder's log that comes when the faults have had an effect, for those that might have none. */
  readonly bites?: string;
  /** Is it part of `npm test`? */
  readonly alsoShort: boolean;
  plan(draw: Draw, size: Size): readonly Occurrence[];
}

/** Lets something occur `rounds` times at random moments, one after the other. */
function repeatedly(draw: Draw, { load, rounds, fault: [least, most] }: Size, next: () => Fault): Occurrence[] {
  const slot = load / rounds;
  return Array.from({ length: rounds }, (_, round) => {
    const seconds = Math.min(draw.between(least, most), slot / 2);
    return { at: round * slot + draw.between(0.2, slot - seconds), seconds, fault: next() };
  });
}

/** Lets something occur all of the time from `begin` to `end`, as parts of the load. */
const throughout = ({ load }: Size, begin: number, end: number, fault: Fault): Occurrence => ({
  at: begin * load,
  seconds: (end - begin) * load,
  fault,
});

const producerCount = 4;
const anyProducer = (draw: Draw) => draw.whole(0, producerCount - 1);

/** The producers reach nobody, so that what they make waits in their spools. */
const cutOff = (size: Size, begin: number, end: number) => [
  throughout(size, begin, end, linkCut('producers to Redis')),
  throughout(size, begin, end, linkCut('producers to recorder')),
];

export const scenarios: readonly Scenario[] = [
  {
    name: 'redis-killed',
    what: 'Redis is killed and started again, empty',
    promised: 'nothing lost',
    alsoShort: true,
    plan: (draw, size) => repeatedly(draw, size, () => redisKilled),
  },
  {
    name: 'redis-stopped',
    what: 'Redis stands still for half of the load',
    promised: 'nothing lost',
    alsoShort: false,
    plan: (_, size) => [throughout(size, 0.2, 0.7, redisStopped)],
  },
  {
    name: 'recorder-killed',
    what: 'the recorder is killed and started again',
    promised: 'nothing lost',
    alsoShort: true,
    plan: (draw, size) => repeatedly(draw, size, () => recorderKilled),
  },
  {
    name: 'producer-killed',
    what: 'producers are killed and started again on their spools',
    promised: 'nothing lost',
    alsoShort: true,
    plan: (draw, size) => [0, 2].flatMap(kind => repeatedly(draw, size, () => producerKilled(kind + draw.whole(0, 1)))),
  },
  {
    name: 'network-bad',
    what: 'the network between recorder and Redis is cut, slow or narrow',
    promised: 'nothing lost',
    alsoShort: false,
    plan(draw, size) {
      const link: LinkName = 'recorder to Redis';
      const faults = [
        linkCut(link),
        linkDelayed(link, draw.between(0.2, 1)),
        linkThrottled(link, draw.between(50_000, 200_000)),
      ].sort(() => draw.between(-1, 1));
      return repeatedly(draw, { ...size, rounds: faults.length }, () => faults.shift()!);
    },
  },
  {
    name: 'recorder-unreachable',
    what: 'the producers reach Redis and not the recorder, for longer than it waits to learn whose records are',
    promised: 'nothing lost',
    alsoShort: false,
    plan: (_, size) => [throughout(size, 0.1, 0.8, linkCut('producers to recorder'))],
  },
  {
    name: 'streams-cut',
    what: 'the streams of producers and recorder, to Redis and to each other, are cut at random',
    promised: 'nothing lost',
    alsoShort: true,
    plan: (draw, size) =>
      linkNames.flatMap(name =>
        repeatedly(draw, { ...size, rounds: 2 * size.rounds, fault: [0, size.fault[1]] }, () => linkCut(name)),
      ),
  },
  {
    name: 'disk-full',
    what: 'the disk of the store is full for a while',
    promised: 'nothing lost',
    bites: 'the store does not take rows; trying again',
    alsoShort: true,
    plan: (draw, size) => repeatedly(draw, size, () => storeFull),
  },
  {
    name: 'everything',
    what: 'all of that in a random order, several at once',
    promised: 'nothing lost',
    alsoShort: true,
    plan(draw, size) {
      const server = () => repeatedly(draw, size, () => draw.pick([redisKilled, redisStopped]));
      const recorder = () => repeatedly(draw, size, () => recorderKilled);
      const store = () => repeatedly(draw, size, () => storeFull);
      const links = linkNames.map(name => () => repeatedly(draw, size, () => anyLinkFault(name, draw)));
      const producers = Array.from({ length: producerCount }, (_, index) => () => {
        return repeatedly(draw, { ...size, rounds: 1 }, () => producerKilled(index));
      });
      return [server, recorder, store, ...links, ...producers].flatMap(occur => occur());
    },
  },
  {
    name: 'spool-overrun',
    what: 'Redis and the recorder are away for longer than the spools can bridge',
    promised: 'declared',
    caps: { spoolBytes: 128 * 1024, publisherBytes: 64 * 1024 },
    alsoShort: true,
    plan: (_, size) => [throughout(size, 0.1, 0.8, redisKilled), throughout(size, 0.1, 0.8, recorderKilled)],
  },
  {
    name: 'spool-wiped',
    what: 'the spool of a producer that goes on is removed while records wait in it',
    promised: 'nothing lost',
    alsoShort: true,
    plan: (draw, size) => [...cutOff(size, 0.1, 0.8), throughout(size, 0.4, 0.4, spoolWiped(anyProducer(draw)))],
  },
  {
    name: 'spool-wiped-and-killed',
    what: 'the spool of a producer is removed while records wait in it, and the producer is killed',
    promised: 'no false claim',
    alsoShort: true,
    plan: (draw, size) => [...cutOff(size, 0.1, 0.6), throughout(size, 0.4, 0.7, wipedAndKilled(anyProducer(draw)))],
  },
];
