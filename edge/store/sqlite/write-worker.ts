import { PartWrites } from './part-writes.ts';
import { serveThread } from './serve-thread.ts';

serveThread(new PartWrites());
