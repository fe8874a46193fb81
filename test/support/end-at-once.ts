import { expect } from 'chai';
import { until } from './deadline.js';

/**
 * A gateway that was told to end at once ends with the code. Its threads have half a second for it; on a busy machine one may
 * need longer. Then the process ends itself with SIGKILL, as documented (docs/operations.md), and its log says what was left.
 */
export async function expectEndAtOnce(
  end: { readonly code: number | null; readonly signal: NodeJS.Signals | null },
  exitCode: number,
  log: () => string,
): Promise<void> {
  if (end.signal === 'SIGKILL')
    await until(() => log().includes('did not end in time'), 'a word on what was left');
  else expect([end.code, end.signal]).to.deep.equal([exitCode, null]);
}
