/** A server that is started directly, as a client with stdio starts it. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { MAX_LINE_BYTES } from '../../src/shared/line-buffer.js';
import { LineReader } from '../../src/shared/line-reader.js';
import { adopt } from '../servers/child.js';
import type { OpenWire } from './wire.js';

const END_DEADLINE_MS = 5_000;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Ends with EOF on stdin; what does not end within 5 s is killed. */
export function stdioWire({ file, args, cwd, env }: Command): OpenWire {
  return async (onMessage, onFailure) => {
    const child = adopt(spawn(file, args, { cwd, env, stdio: ['pipe', 'pipe', 'pipe'] }));
    let complaint = '';
    child.stderr.on('data', (chunk: Buffer) => {
      complaint = `${complaint}${chunk.toString()}`.slice(-2_000);
    });
    // The process may exit during a write.
    child.stdin.on('error', () => undefined);
    // Node's readline also treats U+2028 as the end of a line.
    const lines = new LineReader(MAX_LINE_BYTES, {
      onLine: (line) => line.trim() !== '' && onMessage(line),
      onOverlong: (head) => onFailure(new Error(`${file} wrote a line that is too long: ${head}`)),
    });
    child.stdout.on('data', (chunk: Buffer) => lines.push(chunk));
    child.stdout.once('end', () => lines.end());
    child.once('error', onFailure);
    child.once('exit', (code, signal) =>
      onFailure(new Error(`${file} ${args.join(' ')} ended with ${signal ?? code}: ${complaint}`)),
    );
    return {
      send: async (text) => {
        child.stdin.write(`${text}\n`);
      },
      close: async () => {
        if (child.exitCode !== null || child.signalCode !== null) return;
        const exited = once(child, 'exit');
        child.stdin.end();
        const deadline = setTimeout(() => child.kill('SIGKILL'), END_DEADLINE_MS);
        await exited;
        clearTimeout(deadline);
      },
    };
  };
}
