import {
  ATTR_CLOUD_PLATFORM,
  ATTR_CLOUD_PROVIDER,
  ATTR_CLOUDFLARE_COLO,
  ATTR_CLOUDFLARE_RAY_ID,
} from '../../src/wire/names.ts';
import type { Runtime } from './runtime.ts';

let colo: string | null | undefined;

/** Cloudflare Workers, deployed or local (workerd). Needs the compatibility flag `nodejs_als` or `nodejs_compat`. */
export const cloudflare: Runtime = {
  resource: { [ATTR_CLOUD_PROVIDER]: 'cloudflare', [ATTR_CLOUD_PLATFORM]: 'cloudflare.workers' },
  measuresComputation: false,
  showsStreams: true,
  env: (bindings) => bindings,
  // Set by Cloudflare itself, whatever the client sent.
  clientAddress: (request) => request.headers.get('cf-connecting-ip'),
  requestAttributes(request) {
    // Reading `cf` parses it, and an isolate does not move.
    if (colo === undefined) {
      const known = (request as { cf?: { colo?: unknown } }).cf?.colo;
      colo = typeof known === 'string' ? known : null;
    }
    return { [ATTR_CLOUDFLARE_COLO]: colo, [ATTR_CLOUDFLARE_RAY_ID]: request.headers.get('cf-ray') };
  },
};
