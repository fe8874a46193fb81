/** `bulkhead list`: shows what a server offers. */
import { type Listed, listAll, notListed, type Offer } from './client/lists.js';
import type { ServerConnection } from './client/server-connection.js';
import { EXIT_OK } from './failure.js';
import { renderDetails, renderFacts, renderList } from './output/listing.js';
import { print } from './output/safe-text.js';
import { printJson, type ServerFlags, withServer } from './with-server.js';

/** The arguments and flags of `bulkhead list`, as text. */
export interface ListRequest extends ServerFlags {
  /** Only what has this name or address, in full. */
  readonly name: string | undefined;
  /** Everything in full. */
  readonly schema: boolean;
  readonly json: boolean;
}

/**
 * @returns the exit code
 * @throws {BulkheadError} `ERR_BULKHEAD_OPTION` for wrong flags, and for a name that the server does not have
 * @throws {CommandFailure} if there is no connection, or a list cannot be read
 */
export function list(request: ListRequest): Promise<number> {
  const { name, schema, json } = request;
  return withServer(request, { subject: 'list', form: 'text' }, async (connection) => {
    const offer = chosen(await offerOf(connection), name);
    const { facts } = connection;
    if (json) {
      const { protocolVersion, capabilities, instructions, name: own, title, version } = facts;
      const server = { name: own, title, version };
      printJson({ server, protocolVersion, capabilities, instructions, ...offer });
      return EXIT_OK;
    }
    const render = name !== undefined || schema ? renderDetails : renderList;
    const parts = [name === undefined ? [renderFacts(facts)] : [], render(offer)].flat();
    print(`${parts.join('\n\n')}\n`);
    return EXIT_OK;
  });
}

async function offerOf(connection: ServerConnection): Promise<Offer> {
  return {
    tools: await listAll(connection, 'tools'),
    resources: await listAll(connection, 'resources'),
    resourceTemplates: await listAll(connection, 'resourceTemplates'),
    prompts: await listAll(connection, 'prompts'),
  };
}

function chosen(offer: Offer, name: string | undefined): Offer {
  if (name === undefined) return offer;
  const isMeant = (one: Listed): boolean => [one.name, one.uri, one.uriTemplate].includes(name);
  const only = {
    tools: offer.tools.filter(isMeant),
    resources: offer.resources.filter(isMeant),
    resourceTemplates: offer.resourceTemplates.filter(isMeant),
    prompts: offer.prompts.filter(isMeant),
  };
  if (Object.values(only).some(({ length }) => length > 0)) return only;
  throw notListed('tool, resource or prompt', name, Object.values(offer).flat());
}
