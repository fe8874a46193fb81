import { LoadFailure } from './failure-kind.js';

/** @throws {LoadFailure} of the kind `timeout` if the work takes longer */
export async function withDeadline(work: Promise<void>, milliseconds: number, what: string): Promise<void> {
  const late = new LoadFailure('timeout', `${what}: no answer within ${milliseconds} ms`);
  let deadline: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    deadline = setTimeout(() => reject(late), milliseconds);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(deadline);
  }
}
