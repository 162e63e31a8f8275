/** What statistics tell apart in one part of a store: so many services, and so many routes of each. */
export const MAX_SERVICES = 100;
export const MAX_ROUTES_PER_SERVICE = 300;
/** Stands for all services, or routes of a service, beyond that. */
export const OTHER = 'other';

/**
 * Which services and routes statistics tell apart. Whoever has a page's key can make up routes without end; the first ones
 * keep their rows for good, all others are counted together as `other`, so that what is counted once can be taken back.
 */
export class CountedRoutes {
  readonly #services = new Map<string, Set<string>>();
  readonly #admit: (service: string, route: string) => void;

  /** @param onAdmitted told of every pair that is told apart from now on */
  constructor(known: Iterable<readonly [string, string]>, onAdmitted: (service: string, route: string) => void) {
    this.#admit = onAdmitted;
    for (const [service, route] of known) {
      const routes = this.#services.get(service);
      if (routes) routes.add(route);
      else this.#services.set(service, new Set([route]));
    }
  }

  /** The service and route something is counted under. */
  place<T extends { service: string; route: string }>(key: T): T {
    const { service, route } = key;
    let routes = this.#services.get(service);
    if (!routes) {
      if (this.#services.size >= MAX_SERVICES) return { ...key, service: OTHER, route: OTHER };
      routes = new Set();
      this.#services.set(service, routes);
    }
    if (routes.has(route)) return key;
    if (routes.size >= MAX_ROUTES_PER_SERVICE) return { ...key, route: OTHER };
    routes.add(route);
    this.#admit(service, route);
    return key;
  }
}
