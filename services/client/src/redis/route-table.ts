import type { Route, RoutingTable } from '@galileo/routing';
import type { Logger } from '@galileo/service';
import type { LoadGenerator } from '../load-generator.ts';
import { hostsProblem } from '../names.ts';

/**
 * The generator's routes, of which each client has a table of its own, as the one table that routes from Redis go to. A route to
 * a host that is none is logged, and the service keeps the one that it has: the others must not suffer for it.
 */
export function routeTableOf(generator: Pick<LoadGenerator, 'routes' | 'setRoutes'>, log: Logger): Pick<RoutingTable, 'replace'> {
  /** Service -> what was wrong with its route last. */
  let told = new Map<string, string>();
  return {
    replace(routes) {
      const before = new Map(generator.routes().map(route => [route.service, route]));
      const wrong = new Map<string, string>();
      const usable = (route: Route): Route | undefined => {
        const reason = hostsProblem(route.hosts);
        if (reason === undefined) return route;
        wrong.set(route.service, reason);
        if (told.get(route.service) !== reason) log.warn({ service: route.service, reason }, 'route refused');
        return before.get(route.service);
      };
      generator.setRoutes(routes.map(usable).filter(route => route !== undefined));
      told = wrong;
    },
  };
}
