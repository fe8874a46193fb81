/** What a test has started. The root hooks end it after the test, whatever the outcome. */
type Cleanup = () => void | Promise<void>;

const cleanups: Cleanup[] = [];

/** Runs after the current test, in the reverse order of registration. */
export function afterThisTest(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

/**
 * @returns whether there was anything to clean up
 * @throws {AggregateError} if cleaning up failed; everything has been tried by then
 */
export async function cleanUp(): Promise<boolean> {
  const any = cleanups.length > 0;
  const errors: unknown[] = [];
  for (let cleanup = cleanups.pop(); cleanup; cleanup = cleanups.pop()) {
    try {
      await cleanup();
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0)
    throw new AggregateError(errors, `Cleaning up after the test failed: ${errors.join('; ')}`);
  return any;
}
