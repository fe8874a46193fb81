import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build, stop } from 'esbuild';
import { type BrowserContext, chromium, type Page } from 'playwright-core';
import { projectRoot } from './project.js';

/** Debian's path; the tests fail without Chromium. */
const CHROMIUM = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Nothing that uses the network by itself: tests have only loopback. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export interface Browser {
  /** Opens the site's page with this host name. The browser resolves any name below `localhost` to this machine. */
  open(hostname: string): Promise<Page>;
  /** Of that page. */
  origin(hostname: string): string;
  close(): Promise<void>;
}

/** A headless Chromium, and a site whose one page runs the script of `test/fixtures`. */
export async function startBrowser(script: string): Promise<Browser> {
  const { outputFiles } = await build({
    entryPoints: [join(projectRoot, 'test/fixtures', script)],
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    nodePaths: [join(projectRoot, 'node_modules')],
  });
  await stop();
  const bundle = outputFiles[0]?.text ?? '';
  const site = createServer((request, response) => {
    const isScript = request.url === '/page.js';
    response.writeHead(200, { 'content-type': isScript ? 'text/javascript' : 'text/html; charset=utf-8' });
    response.end(isScript ? bundle : '<!doctype html><title>page</title><script src="/page.js"></script>');
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const profile = await mkdtemp(join(tmpdir(), 'bulkhead-browser-'));
  let context: BrowserContext | undefined;
  const close = async (): Promise<void> => {
    await context?.close();
    await new Promise<void>((resolve) => {
      site.close(() => resolve());
      site.closeAllConnections();
    });
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  };
  try {
    context = await chromium.launchPersistentContext(profile, {
      executablePath: CHROMIUM,
      headless: true,
      args: FLAGS,
    });
  } catch (error) {
    await close();
    throw error;
  }
  const running = context;
  const origin = (hostname: string) => `http://${hostname}:${(site.address() as AddressInfo).port}`;
  return {
    origin,
    async open(hostname) {
      const page = await running.newPage();
      await page.goto(origin(hostname));
      return page;
    },
    close,
  };
}
