/** What a test started and the root hooks end after it, whatever the test's outcome. */
type Cleanup = () => void | Promise<void>;

const cleanups: Cleanup[] = [];

/** Runs after the current test, in the reverse order of registration. */
export function afterThisTest(cleanup: Cleanup): void {
  cleanups.push(cleanup);
}

/** @throws {AggregateError} when cleaning up failed; everything has been tried by then. */
export async function cleanUp(): Promise<void> {
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
}
