/** Whether a result is what the tool's output schema promises (2025-11-25, Tools, "Output Schema"). */
import type { JsonSchemaType } from '@modelcontextprotocol/sdk/validation/types.js';
import type { Listed } from '../client/lists.js';
import type { Result } from '../client/server-connection.js';

/** @returns what is wrong, as a sentence; clients refuse such a result */
export async function structureFault(
  { name, outputSchema }: Listed,
  { structuredContent }: Result,
): Promise<string | undefined> {
  if (outputSchema === undefined) return undefined;
  if (structuredContent === undefined) {
    return `${name} has an output schema, but its result has no structuredContent: clients refuse it.`;
  }
  // It takes a while to load.
  const { AjvJsonSchemaValidator } = await import('@modelcontextprotocol/sdk/validation/ajv-provider.js');
  let result: { readonly valid: boolean; readonly errorMessage?: string | undefined };
  try {
    const validate = new AjvJsonSchemaValidator().getValidator(outputSchema as JsonSchemaType);
    result = validate(structuredContent);
  } catch (error) {
    return `The output schema of ${name} cannot be used: ${error instanceof Error ? error.message : error}.`;
  }
  if (result.valid) return undefined;
  return `The structuredContent of ${name} is not what its output schema says (${result.errorMessage}): clients refuse it.`;
}
