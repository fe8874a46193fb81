/** Child processes of the bench: none outlives it. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const STOP_DEADLINE_MS = 15_000;

const children = new Set<ChildProcess>();

process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
for (const [signal, exitCode] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  process.once(signal, () => process.exit(exitCode));
}

/** Notes a child, so that it is killed when the bench ends early. */
export function adopt<Child extends ChildProcess>(child: Child): Child {
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}

/** Asks a child to end with SIGTERM, and kills it when it has not after 15 s. */
export async function stopChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  const deadline = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await exited;
  clearTimeout(deadline);
  if (child.signalCode === 'SIGKILL') {
    process.stderr.write(`process ${child.pid} did not end within ${STOP_DEADLINE_MS} ms of SIGTERM\n`);
  }
}
