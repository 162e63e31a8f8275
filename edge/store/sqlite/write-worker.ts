import { lowerThread } from './lower-thread.ts';
import { PartWrites } from './part-writes.ts';
import { serveThread } from './serve-thread.ts';

// Blocks can wait a while, answers cannot. When too much waits for blocks, it is answers that wait.
lowerThread(5);
serveThread(new PartWrites());
