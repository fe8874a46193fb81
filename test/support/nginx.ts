/** Debian's nginx with the server block of `deploy/nginx.conf`, on a port of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Pair } from './certificates.js';
import { until, withDeadline } from './deadline.js';
import { projectRoot } from './project.js';

/** Debian's path; the tests fail without nginx. */
const NGINX = process.env.NGINX_PATH ?? '/usr/sbin/nginx';

export interface Nginx {
  readonly port: number;
  close(): Promise<void>;
}

export async function startNginx(gateway: URL, { cert, key }: Pair): Promise<Nginx> {
  const folder = mkdtempSync(join(tmpdir(), 'bulkhead-nginx-'));
  const port = await freePort();
  const replaced = [
    ['server 127.0.0.1:3000;', `server 127.0.0.1:${gateway.port};`],
    ['listen 443 ssl;', `listen 127.0.0.1:${port} ssl;`],
    ['/etc/ssl/certs/mcp.example.pem', cert],
    ['/etc/ssl/private/mcp.example.key', key],
  ] as const;
  let server = readFileSync(join(projectRoot, 'deploy', 'nginx.conf'), 'utf8');
  for (const [written, used] of replaced) {
    if (!server.includes(written)) throw new Error(`deploy/nginx.conf has no ${JSON.stringify(written)}.`);
    server = server.replace(written, used);
  }
  writeFileSync(join(folder, 'nginx.conf'), around(folder, server));
  const child = spawn(NGINX, ['-p', folder, '-c', join(folder, 'nginx.conf')], { stdio: 'pipe' });
  let output = '';
  child.stderr.on('data', (text: Buffer) => {
    output += text.toString();
  });
  const failed = new Promise<never>((_resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`nginx ended with ${code}: ${output}`)));
  });
  failed.catch(() => undefined);
  const close = async (): Promise<void> => {
    await end(child);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.race([failed, until(() => isOpen(port), 'nginx to listen')]);
  } catch (error) {
    await close();
    throw error;
  }
  return { port, close };
}

/** The rest of its configuration: Debian's own names folders that only root may use. */
function around(folder: string, server: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    mkdirSync(join(folder, name));
    return `${name}_temp_path ${join(folder, name)};`;
  });
  return [
    'daemon off;',
    process.getuid?.() === 0 ? 'user root;' : '',
    'worker_processes 1;',
    `pid ${join(folder, 'nginx.pid')};`,
    'error_log stderr warn;',
    'events { worker_connections 256; }',
    `http { access_log off; ${temporary.join(' ')}`,
    server,
    '}',
  ].join('\n');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const exited = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  await withDeadline(exited, 'the end of nginx');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { readonly port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
