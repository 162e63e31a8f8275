import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSqliteStore } from '../../edge/store/sqlite/open-sqlite-store.ts';
import { describeTraceStore } from './trace-store.ts';

describeTraceStore('SQLite', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'throughline-store-'));
  return {
    open: (options) => openSqliteStore({ directory, ...options }),
    dispose: async () => rmSync(directory, { recursive: true, force: true }),
  };
});
