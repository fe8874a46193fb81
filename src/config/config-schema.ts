/** The JSON Schema of the config file, for editors: what the schemas of the options take. */
import { z } from 'zod';
import { camelCase, OPTION_NAMES, OPTION_TABLE, OPTIONS } from './option-table.js';

/** Draft 7, which every editor knows. */
export function configSchema(): Readonly<Record<string, unknown>> {
  const { properties = {} } = z.toJSONSchema(OPTIONS, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      // What is read-only here is the checked list, not the file's.
      delete jsonSchema.readOnly;
    },
  });
  const options = OPTION_NAMES.map((name) => {
    const { list, help, defaultText } = OPTION_TABLE[name];
    const { default: value, ...type } = properties[camelCase(name)] as Record<string, unknown>;
    return [
      name,
      {
        description: defaultText === undefined ? help : `${help} (default: ${defaultText})`,
        ...(value !== undefined && { default: value }),
        ...(list === true ? { anyOf: [type.items, type] } : type),
      },
    ];
  });
  // As patterns, editors accept them and suggest only the names of the documentation.
  const otherSpellings = OPTION_NAMES.filter((name) => name.includes('-')).map((name) => [
    `^${camelCase(name)}$`,
    { $ref: `#/properties/${name}` },
  ]);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Config file of mcp-bulkhead',
    type: 'object',
    properties: { $schema: { type: 'string' }, ...Object.fromEntries(options) },
    patternProperties: Object.fromEntries(otherSpellings),
    additionalProperties: false,
  };
}
