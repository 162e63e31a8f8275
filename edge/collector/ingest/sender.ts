import type { Trust } from '../../store/trace-store.ts';
import type { IngestKey, KeyRing } from '../key-ring.ts';
import { Refusal } from './refusal.ts';

/** Who a request is from, as far as its key says. */
export interface Sender {
  trust: Trust;
  keyId: string;
  /** Values of `service.name` it may write; `*` for all. */
  services: readonly string[];
  /** ISO 3166-1 alpha-2 of where a public sender is, as far as that is known. */
  country?: string;
}

/** Key id of requests without a key, taken while the collector listens on this machine only. */
export const LOCAL_KEY_ID = 'local';

/**
 * The sender behind the public key in a page's query.
 * @throws {Refusal} 401, 403
 */
export function senderOfPage(keys: KeyRing, key: string | undefined, origin: string | undefined): Sender {
  if (!key)
    throw new Refusal(401, 'No key: put data-key="pk_…" on the script tag; the collector printed it when it started.');
  const found = keys.find(key);
  if (!found)
    throw new Refusal(401, 'Unknown key: compare data-key with keys.json in the data directory of this collector.');
  if (found.kind === 'secret')
    throw new Refusal(403, 'A secret key stands in a page: replace it by a public one (pk_…) and change the secret.');
  return senderOfPublicKey(found, origin);
}

/**
 * The sender behind an `Authorization: Bearer` header.
 * @param acceptLocal whether requests without a key are taken as trusted, which is for collectors on loopback
 * @throws {Refusal} 401, 403
 */
export function senderOfSdk(options: {
  keys: KeyRing;
  authorization: string | undefined;
  origin: string | undefined;
  acceptLocal: boolean;
}): Sender {
  const { keys, authorization, origin, acceptLocal } = options;
  if (authorization === undefined) {
    // A page of any site can reach loopback, and then it says its origin: that is nobody to trust.
    if (acceptLocal && origin === undefined) return { trust: 'trusted', keyId: LOCAL_KEY_ID, services: ['*'] };
    throw new Refusal(401, 'No key: send "Authorization: Bearer sk_…" with a key of keys.json.');
  }
  const key = /^Bearer +(\S+) *$/i.exec(authorization)?.[1];
  if (!key) throw new Refusal(401, 'The Authorization header must be "Bearer " and a key of keys.json.');
  const found = keys.find(key);
  if (!found) throw new Refusal(401, 'Unknown key: compare the Authorization header with keys.json of this collector.');
  if (found.kind === 'public') return senderOfPublicKey(found, origin);
  return { trust: 'trusted', keyId: found.id, services: found.services };
}

function senderOfPublicKey(key: IngestKey, origin: string | undefined): Sender {
  if (!key.origins.includes('*') && (origin === undefined || !key.origins.includes(origin)))
    throw new Refusal(403, 'This origin may not use this key: add it to "origins" of the key in keys.json.');
  return { trust: 'public', keyId: key.id, services: key.services };
}

/** A public sender with the country it is in, '' when that is not known. A trusted one reports of others. */
export function inCountry(sender: Sender, country: string): Sender {
  return sender.trust === 'public' && country !== '' ? { ...sender, country } : sender;
}
