/** A call's progress, on stderr. */
import type { Progress } from '@modelcontextprotocol/sdk/types.js';

/** The one call of this client asks for progress. */
export const PROGRESS_TOKEN = 'call';

export function showProgress(params: Progress & { readonly progressToken: unknown }): void {
  if (params.progressToken === PROGRESS_TOKEN) process.stderr.write(`${renderProgress(params)}\n`);
}

function renderProgress({ progress, total, message }: Progress): string {
  const share = total === undefined ? String(progress) : `${progress}/${total}`;
  return message === undefined ? `progress ${share}` : `progress ${share}: ${message}`;
}
