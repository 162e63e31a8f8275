import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { ObjectStorage, StorageRow } from '../../edge/store/durable-object/platform.ts';
import { ShardParts } from '../../edge/store/durable-object/shard-parts.ts';
import { createSearch } from '../../edge/store/search.ts';
import { ATTR_CLOUDFLARE_RAY_ID } from '../../src/wire/names.ts';
import { pageViews } from '../support/page-views.ts';

const OPTIONS = { periodMs: 3_600_000, maxPartBytes: 2 ** 30 };

test('a part that a shard wrote with version 2 is brought to this one, once, and searched', () => {
  const database = shardOfVersion2();
  const storage = storageOf(database);
  const produced = pageViews({ seed: 1 });
  const views = Array.from({ length: 8 }, () => produced.next().value);
  for (const _ of ['brought to this version', 'opened again']) {
    const [part] = new ShardParts(storage, OPTIONS).all();
    for (const view of views) {
      const ray = view.batches[1].spans[0]?.span.attributes?.find(({ key }) => key === ATTR_CLOUDFLARE_RAY_ID)?.value;
      const attributes = [{ key: ATTR_CLOUDFLARE_RAY_ID, value: ray?.stringValue ?? '' }];
      const window = { fromMs: view.startMs, toMs: view.startMs };
      const may = [...(part?.reader.search(createSearch({ ...window, attributes })) ?? [])];
      expect(may.map(({ traceId }) => traceId)).toEqual([view.traceId]);
      const before = createSearch({ toMs: view.startMs - 60_000, attributes });
      expect([...(part?.reader.search(before) ?? [])]).toEqual([]);
    }
    const { route } = views[0] ?? { route: '' };
    const ofRoute = views.filter((view) => view.route === route).length;
    expect([...(part?.reader.search(createSearch({ route })) ?? [])].length).toBeGreaterThanOrEqual(ofRoute);
  }
  expect(() => new ShardParts(storage, OPTIONS).current(Date.UTC(2026, 11, 1))).not.toThrow();
  database.close();
});

/** The tables of the file of version 2 as they lie in an object: under a part's name, beside the list of parts. */
function shardOfVersion2(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  const file = fileURLToPath(new URL('../fixtures/store-v2/parts/00000001.db', import.meta.url));
  database.exec('CREATE TABLE part(number INTEGER PRIMARY KEY, from_ms INTEGER NOT NULL, bytes INTEGER NOT NULL)');
  database.exec('INSERT INTO part VALUES(1, 0, 0)');
  database.prepare('ATTACH ? AS file').run(`file:${file}?immutable=1`);
  const rows = database.prepare("SELECT type, name, sql FROM file.sqlite_schema WHERE sql <> ''").all();
  for (const { type, name, sql } of rows) {
    const own = String(sql).replace(/^(CREATE (?:TABLE|INDEX)) "?(\w+)"?( ON )?/, (_, create, made, on = '') =>
      on === '' ? `${create} p1_${made}` : `${create} p1_${made}${on}p1_`,
    );
    database.exec(own);
    if (type === 'table') database.exec(`INSERT INTO p1_${name} SELECT * FROM file.${name}`);
  }
  database.exec('DETACH file');
  return database;
}

/** What a Durable Object gives, over a database in memory. */
function storageOf(database: DatabaseSync): ObjectStorage {
  const unused = async (): Promise<never> => {
    throw new Error('Parts need no alarm and no sync of their own.');
  };
  return {
    sql: {
      exec(sql, ...values) {
        if (values.length > 0 || /^\s*SELECT/i.test(sql)) {
          return database.prepare(sql).all(...values) as StorageRow[];
        }
        database.exec(sql);
        return [];
      },
      databaseSize: 0,
    },
    transactionSync(work) {
      database.exec('SAVEPOINT work');
      try {
        const result = work();
        database.exec('RELEASE work');
        return result;
      } catch (error) {
        database.exec('ROLLBACK TO work; RELEASE work');
        throw error;
      }
    },
    sync: unused,
    getAlarm: unused,
    setAlarm: unused,
  };
}
