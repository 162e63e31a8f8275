import app from './callback.ts';
import { listen } from './listen.ts';

await listen(app.fetch);
