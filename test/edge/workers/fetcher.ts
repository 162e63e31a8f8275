import { createFetcher, type Env } from './create-fetcher.ts';

export default { fetch: createFetcher((bindings) => bindings as Env) };
