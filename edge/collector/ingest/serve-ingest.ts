import type { Context } from 'hono';
import type { IngestHandler, IngestRequest } from './ingest-request.ts';
import { readIncoming, readStream } from './read-body.ts';

/** What a web request does not say of itself. */
export interface RequestOrigin {
  addressOf: (c: Context) => string | undefined;
  countryOf: (c: Context) => string;
}

/** Answers a request of the app with an ingest handler. */
export async function serveIngest(c: Context, handle: IngestHandler, origin: RequestOrigin): Promise<Response> {
  const { status, headers, body } = await handle(requestOf(c, origin));
  return c.body(body as string, status, headers);
}

function requestOf(c: Context, { addressOf, countryOf }: RequestOrigin): IngestRequest {
  return {
    method: c.req.method,
    header: (name) => c.req.header(name),
    query: (name) => c.req.query(name),
    address: () => addressOf(c),
    country: () => countryOf(c),
    readBody(maxBytes) {
      const length = Number(c.req.header('content-length') ?? 0);
      const incoming = c.env?.incoming;
      // On Node the request under it: a web stream around that costs more than all the rest of a request.
      return incoming ? readIncoming(incoming, length, maxBytes) : readStream(c.req.raw.body, length, maxBytes);
    },
  };
}
