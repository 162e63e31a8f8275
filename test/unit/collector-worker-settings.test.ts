import { expect, test } from 'vitest';
import {
  type CollectorEnv,
  InvalidSettingError,
  ingestKeys,
  shardCounts,
  shardSettings,
} from '../../edge/collector-worker/settings.ts';

const env = (settings: Partial<CollectorEnv>) => settings as CollectorEnv;

test('without settings there are eight shards, a week and 40 GB', () => {
  expect(shardCounts(env({}))).toEqual([8]);
  expect(shardSettings(env({}))).toMatchObject({ retentionMs: 7 * 86_400_000, maxBytes: 5e9 });
  expect(ingestKeys(env({}))).toEqual([]);
});

test('the size is shared by the shards that take what is new', () => {
  expect(shardCounts(env({ THROUGHLINE_SHARDS: '16, 8' }))).toEqual([16, 8]);
  const settings = shardSettings(
    env({ THROUGHLINE_SHARDS: '16,8', THROUGHLINE_MAX_SIZE: '32GB', THROUGHLINE_RETENTION: '12h' }),
  );
  expect(settings).toMatchObject({ retentionMs: 12 * 3_600_000, maxBytes: 2e9 });
});

test('keys are named one by one, or as a keys.json has them, or both', () => {
  const more = { keys: [{ id: 'blog', key: 'pk_blog_page', kind: 'public', services: ['blog'] }] };
  const keys = ingestKeys(
    env({
      THROUGHLINE_KEY: 'pk_of_the_page',
      THROUGHLINE_SECRET_KEY: 'sk_of_the_backend',
      THROUGHLINE_KEYS: JSON.stringify(more),
    }),
  );
  expect(keys.map(({ id, kind }) => [id, kind])).toEqual([
    ['web', 'public'],
    ['server', 'secret'],
    ['blog', 'public'],
  ]);
});

test.each([
  [{ THROUGHLINE_SHARDS: '0' }, 'THROUGHLINE_SHARDS must be'],
  [{ THROUGHLINE_SHARDS: '8,x' }, 'THROUGHLINE_SHARDS must be'],
  [{ THROUGHLINE_SHARDS: '257' }, 'THROUGHLINE_SHARDS must be'],
  [{ THROUGHLINE_RETENTION: 'a week' }, 'THROUGHLINE_RETENTION must be a time'],
  [{ THROUGHLINE_MAX_SIZE: '40' }, 'THROUGHLINE_MAX_SIZE must be a size'],
  [{ THROUGHLINE_KEY: 'short' }, '"key" must be'],
  [{ THROUGHLINE_KEYS: '{' }, 'THROUGHLINE_KEYS is not JSON'],
])('%j is refused in words', (settings, sentence) => {
  const read = () => [shardCounts(env(settings)), shardSettings(env(settings)), ingestKeys(env(settings))];
  expect(read).toThrow(InvalidSettingError);
  expect(read).toThrow(sentence);
});
