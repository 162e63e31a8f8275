import process from 'node:process';
import { createFetcher, type Env } from './create-fetcher.ts';
import { listen } from './listen.ts';

await listen(createFetcher(() => process.env as unknown as Env));
