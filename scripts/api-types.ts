// `npm run api-types` writes the types of the query API from its OpenAPI document; a test fails when they differ.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { OPEN_API } from '../edge/collector/query/open-api.ts';

interface Schema {
  $ref?: string;
  type?: string;
  enum?: readonly unknown[];
  items?: Schema;
  required?: readonly string[];
  properties?: Record<string, Schema>;
  additionalProperties?: boolean;
  description?: string;
}
interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  schema: Schema;
  description?: string;
}
interface Operation {
  operationId: string;
  summary: string;
  parameters?: readonly Parameter[];
  responses: { 200: { content: Record<string, { schema: Schema }> } };
}
interface Document {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

export const TYPES_FILE = fileURLToPath(new URL('../edge/api/operations.ts', import.meta.url));

/** The text of the types file for a document. */
export function apiTypes({ paths, components }: Document): string {
  const lines = [
    '// Made from the OpenAPI document by `npm run api-types`: change edge/collector/query/open-api.ts instead.',
    '',
  ];
  for (const [name, schema] of Object.entries(components.schemas)) {
    if (schema.properties) lines.push(`export interface ${name} ${objectType(schema, '')}`, '');
    else lines.push(`export type ${name} = ${typeOf(schema, '')};`, '');
  }
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).flatMap(([method, operation]) => {
      const answer = operation.responses[200].content['application/json']?.schema;
      // A stream is no answer that can be awaited.
      return answer ? [{ path, method, operation, answer }] : [];
    }),
  );
  lines.push('/** What can be asked, by operation id: parameters and answer. */', 'export interface Operations {');
  for (const { operation, answer } of operations) {
    lines.push(`  /** ${operation.summary} */`, `  ${operation.operationId}: {`, '    parameters: {');
    for (const { name, schema, required, description } of operation.parameters ?? []) {
      if (description) lines.push(`      /** ${description} */`);
      lines.push(`      ${name}${required ? '' : '?'}: ${typeOf(schema, '      ')};`);
    }
    lines.push('    };', `    answer: ${typeOf(answer, '    ')};`, '  };');
  }
  lines.push('}', '', '/** Where each operation is. */', 'export const OPERATIONS: {');
  lines.push(
    "  readonly [K in keyof Operations]: { readonly method: 'get' | 'delete'; readonly path: string };",
    '} = {',
  );
  for (const { path, method, operation } of operations)
    lines.push(`  ${operation.operationId}: { method: '${method}', path: '${path}' },`);
  return `${lines.join('\n')}\n};\n`.replaceAll('parameters: {\n    };', 'parameters: Record<never, never>;');
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref) return schema.$ref.split('/').at(-1) ?? '';
  if (schema.enum) return schema.enum.map((value) => `'${String(value)}'`).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'number':
    case 'boolean':
      return schema.type;
    case 'integer':
      return 'number';
    case 'array':
      return arrayOf(typeOf(schema.items ?? {}, indent));
    case 'object':
      return schema.properties ? objectType(schema, indent) : 'Record<string, unknown>';
    default:
      return 'unknown';
  }
}

function arrayOf(item: string): string {
  return /^\w+$/.test(item) ? `${item}[]` : `(${item})[]`;
}

function objectType({ properties = {}, required = [] }: Schema, indent: string): string {
  const lines = Object.entries(properties).flatMap(([name, schema]) => [
    ...(schema.description ? [`${indent}  /** ${schema.description} */`] : []),
    `${indent}  ${name}${required.includes(name) ? '' : '?'}: ${typeOf(schema, `${indent}  `)};`,
  ]);
  return `{\n${lines.join('\n')}\n${indent}}`;
}

if (import.meta.main) writeFileSync(TYPES_FILE, apiTypes(OPEN_API as never));
