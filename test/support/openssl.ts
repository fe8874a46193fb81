import { execFile } from 'node:child_process';

/**
 * Runs `openssl` until it ends, for at most 20 s.
 * @param input of its stdin, which is closed after that
 */
export function openssl(
  args: readonly string[],
  input = '',
): Promise<{ readonly output: string; readonly code: number | null }> {
  return new Promise((resolve) => {
    const child = execFile('openssl', args, { timeout: 20_000 }, (_error, stdout, stderr) => {
      resolve({ output: stdout + stderr, code: child.exitCode });
    });
    child.stdin?.end(input);
  });
}
