import { lowerThread } from './lower-thread.ts';
import { PartReads } from './part-reads.ts';
import { serveThread } from './serve-thread.ts';

// A search can take a processor for as long as it likes; senders cannot wait for theirs.
lowerThread(10);
serveThread(new PartReads());
