/** A request's progress, on stderr. */
import type { Progress } from '@modelcontextprotocol/sdk/types.js';
import { safeLine } from '../output/safe-text.js';

/** This client has one request at a time. */
const PROGRESS_TOKEN = 'call';

/** The `_meta` that asks for progress; lists have none. */
export function progressMeta(method: string): { readonly _meta?: { readonly progressToken: string } } {
  return method.endsWith('/list') ? {} : { _meta: { progressToken: PROGRESS_TOKEN } };
}

export function showProgress(params: Progress & { readonly progressToken: unknown }): void {
  if (params.progressToken === PROGRESS_TOKEN) process.stderr.write(`${renderProgress(params)}\n`);
}

function renderProgress({ progress, total, message }: Progress): string {
  const share = total === undefined ? String(progress) : `${progress}/${total}`;
  return message === undefined ? `progress ${share}` : `progress ${share}: ${safeLine(message)}`;
}
