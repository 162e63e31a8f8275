import { PartReads } from './part-reads.ts';
import { serveThread } from './serve-thread.ts';

serveThread(new PartReads());
