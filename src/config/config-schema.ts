/** The JSON Schema of the config file, for editors: what the schemas of the options accept. */
import { z } from 'zod';
import { rowOf } from './option.js';
import { kebabCase, OPTIONS } from './option-table.js';
import { documentedKey, ENTRY, KIND_KEYS } from './servers/entry-keys.js';
import { RESERVED_NAMES, SERVER_NAME } from './servers/server-name.js';

/** Draft 7, which every editor supports. */
export function configSchema(): Readonly<Record<string, unknown>> {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Config file of mcp-bulkhead',
    type: 'object',
    properties: {
      $schema: { type: 'string' },
      servers: {
        description: 'servers by name, instead of server-module; each is served at /<name>/mcp',
        type: 'object',
        propertyNames: { pattern: SERVER_NAME.source, not: { enum: RESERVED_NAMES } },
        additionalProperties: { $ref: '#/definitions/server' },
        minProperties: 1,
      },
      ...propertiesOf(OPTIONS, kebabCase),
    },
    patternProperties: otherSpellings(OPTIONS, kebabCase, '#'),
    additionalProperties: false,
    definitions: {
      server: {
        type: 'object',
        properties: { type: { const: 'stdio' }, ...propertiesOf(ENTRY, documentedKey) },
        patternProperties: otherSpellings(ENTRY, documentedKey, '#/definitions/server'),
        additionalProperties: false,
        oneOf: KIND_KEYS.map((key) => ({ required: [key] })),
      },
    },
  };
}

/** By the name in the documentation, with its help text and default. */
function propertiesOf<Key extends string>(
  schema: z.ZodObject<Record<Key, z.ZodType>>,
  documented: (key: Key) => string,
): Record<string, object> {
  const { properties = {} } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      // The checked list is read-only, not the list in the file.
      delete jsonSchema.readOnly;
    },
  });
  const described = (Object.keys(schema.shape) as Key[]).map((key) => {
    const { list, help, defaultText } = rowOf(schema.shape[key]);
    const { default: value, ...type } = properties[key] as Record<string, unknown>;
    return [
      documented(key),
      {
        description: defaultText === undefined ? help : `${help} (default: ${defaultText})`,
        ...(value !== undefined && { default: value }),
        ...(list === true ? { anyOf: [type.items, type] } : type),
      },
    ];
  });
  return Object.fromEntries(described);
}

/** As patterns, so that editors accept them but suggest only the names in the documentation. */
function otherSpellings<Key extends string>(
  schema: z.ZodObject<Record<Key, z.ZodType>>,
  documented: (key: Key) => string,
  path: string,
): Record<string, object> {
  const patterns = (Object.keys(schema.shape) as Key[]).flatMap((key) => {
    const name = documented(key);
    const other = name === key ? kebabCase(key) : key;
    return other === name ? [] : [[`^${other}$`, { $ref: `${path}/properties/${name}` }]];
  });
  return Object.fromEntries(patterns);
}
