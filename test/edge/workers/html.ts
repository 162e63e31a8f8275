import { injectScript, instrument } from 'throughline/cloudflare';

interface Env {
  COLLECTOR: string;
  ORIGIN: string;
}

/** A proxy whose pages get the script. */
const handler = {
  fetch: (request: Request, env: Env): Promise<Response> => {
    const { pathname } = new URL(request.url);
    return fetch(env.ORIGIN + pathname, { headers: request.headers });
  },
};

export default instrument(handler, (env: Env) => ({
  service: 'html',
  collector: env.COLLECTOR,
  html: injectScript({ src: '/t.js' }),
}));
