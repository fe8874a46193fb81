import { z } from 'zod';

/** How a server calls itself (2025-11-25, `Implementation`); `null` if it does not say. */
export interface ServerName {
  readonly name: string | null;
  readonly version: string | null;
}

const TEXT = z.string().nullable().catch(null).default(null);
const IMPLEMENTATION = z.object({ name: TEXT, version: TEXT }).catch({ name: null, version: null });

/** @param serverInfo as the server sent it */
export function namedIn(serverInfo: unknown): ServerName {
  return IMPLEMENTATION.parse(serverInfo);
}
