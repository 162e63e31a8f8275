import type { ResourceRecord, ScopeRecord } from './records.ts';

/** Records by the identity of their resource, then of their scope, in order of first appearance. */
export function groupRecords<T extends { resource: ResourceRecord; scope: ScopeRecord }>(
  records: readonly T[],
): Map<ResourceRecord, Map<ScopeRecord, T[]>> {
  const groups = new Map<ResourceRecord, Map<ScopeRecord, T[]>>();
  let members: T[] = [];
  let last: T | undefined;
  for (const record of records) {
    // Records of one batch stand together, so the maps are asked once a group and not once a record.
    if (record.resource !== last?.resource || record.scope !== last.scope) {
      const scopes = groups.get(record.resource) ?? new Map<ScopeRecord, T[]>();
      groups.set(record.resource, scopes);
      members = scopes.get(record.scope) ?? [];
      scopes.set(record.scope, members);
    }
    members.push(record);
    last = record;
  }
  return groups;
}
