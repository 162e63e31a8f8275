import { OPERATIONS, type Operations, type TraceSummary } from './operations.ts';

export interface QueryClientOptions {
  /** Address of the collector, such as `http://localhost:4318`. */
  url: string;
  /** What the collector was started with as `--read-token`; not needed on its own machine. */
  readToken?: string;
  /** Default: the runtime's own. */
  fetch?: typeof globalThis.fetch;
}

export interface QueryClient {
  /**
   * Asks the collector one thing, by its operation id in the OpenAPI document.
   * @throws {QueryError} when the collector refuses it; its message says what to do
   */
  ask<K extends keyof Operations>(
    operation: K,
    parameters: Operations[K]['parameters'],
  ): Promise<Operations[K]['answer']>;
  /** Every trace that meets the conditions, newest start first, a page at a time: stop when you have enough. */
  traces(parameters?: Omit<Operations['findTraces']['parameters'], 'cursor'>): AsyncGenerator<TraceSummary>;
}

/** The collector refused a query. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  /** HTTP status of the answer. */
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/**
 * The query API of a collector, typed. Runs wherever there is `fetch`.
 * @example
 * const client = createQueryClient({ url: 'http://localhost:4318' });
 * for await (const trace of client.traces({ service: 'shop-web', error: true })) console.log(trace.name);
 */
export function createQueryClient(options: QueryClientOptions): QueryClient {
  const { readToken, fetch = globalThis.fetch } = options;
  const base = options.url.replace(/\/+$/, '');
  const headers: Record<string, string> = readToken === undefined ? {} : { authorization: `Bearer ${readToken}` };

  const ask = async <K extends keyof Operations>(
    operation: K,
    parameters: Operations[K]['parameters'],
  ): Promise<Operations[K]['answer']> => {
    const { method, path } = OPERATIONS[operation];
    const query = new URLSearchParams();
    let address = path;
    for (const [name, value] of Object.entries(parameters)) {
      if (value === undefined) continue;
      const inPath = `{${name}}`;
      if (address.includes(inPath)) address = address.replace(inPath, () => encodeURIComponent(String(value)));
      else for (const item of [value].flat()) query.append(name, String(item));
    }
    const response = await fetch(`${base}${address}${query.size > 0 ? `?${query}` : ''}`, { method, headers });
    if (!response.ok) throw new QueryError(await messageOf(response), response.status);
    return (await response.json()) as Operations[K]['answer'];
  };

  return {
    ask,
    async *traces(parameters = {}) {
      let cursor: string | undefined;
      do {
        const page = await ask('findTraces', cursor === undefined ? parameters : { ...parameters, cursor });
        yield* page.traces;
        cursor = page.nextCursor;
      } while (cursor !== undefined);
    },
  };
}

async function messageOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    return String(JSON.parse(text).error);
  } catch {
    return text || response.statusText; // expected: a proxy in between answers what it likes
  }
}
