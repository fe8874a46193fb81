// Runs the official conformance suite against the built gateway: every scenario that revision 2025-11-25
// requires, and those that the suite runs for it without a score. A scenario passes when each of its checks
// succeeded: a warning or a skipped check is a failure here, and there is no list of expected failures.
// Usage: node scripts/conformance.mjs [out-dir]. Last line: `conformance: N passed, N failed`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const REVISION = '2025-11-25';
const NOT_SCORED = ['server-session-lifecycle', 'json-schema-2020-12', 'server-sse-polling'];
const LEAST_SCENARIOS = 33;
// The suite needs Node 22 or later.
const SUITE = [
  '-y',
  '-p',
  'node@24',
  '-p',
  '@modelcontextprotocol/conformance@0.2.0-alpha.12',
  'conformance',
];
const START_MS = 15_000;
const SUITE_MS = 300_000;
const STOP_MS = 15_000;

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, process.argv[2] ?? 'dist', 'src', 'bin.cjs');
const fixture = join(root, 'test', 'fixtures', 'conformance-server.mjs');
const results = await mkdtemp(join(tmpdir(), 'bulkhead-conformance-'));
const gateway = spawn(
  process.execPath,
  [bin, 'serve', fixture, '--port', '0', '--admin-port', '0', '--log-level', 'warn'],
  { stdio: ['ignore', 'pipe', 'pipe'] },
);
const gatewayExit = once(gateway, 'exit');
let suite;

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    gateway.kill('SIGKILL');
    killSuite();
    process.exit(1);
  });
}

try {
  const url = await addressOf(gateway);
  console.log(`Running the conformance suite for ${REVISION} against ${url}`);
  const code = await runSuite(url);
  const scenarios = await readResults();
  process.exitCode = report(scenarios, code);
} finally {
  await stopGateway();
  await rm(results, { recursive: true, force: true });
}

/** The MCP address from what the gateway prints when it has started; its later output is shown as it comes. */
async function addressOf(child) {
  const found = new Promise((resolve, reject) => {
    for (const output of [child.stdout, child.stderr]) {
      createInterface({ input: output }).on('line', (line) => {
        const address = /https?:\/\/[^\s"]+\/mcp/.exec(line)?.[0];
        if (address) resolve(address);
        else console.log(`gateway: ${line}`);
      });
    }
    child.on('error', reject);
    child.on('exit', (code) =>
      reject(new Error(`The gateway ended with ${code} before it told its address.`)),
    );
  });
  const late = new AbortController();
  try {
    return await Promise.race([found, fail(START_MS, 'the gateway to start', late.signal)]);
  } finally {
    late.abort();
  }
}

/** @returns the suite's exit code */
async function runSuite(url) {
  const args = [...SUITE, 'server', '--url', url, '--requirements', REVISION, '--output-dir', results];
  // A group of its own: npx starts further processes, and all of them have to go when time is up.
  suite = spawn('npx', args, { cwd: results, stdio: ['ignore', 'ignore', 'inherit'], detached: true });
  const late = new AbortController();
  try {
    const [code] = await Promise.race([once(suite, 'exit'), fail(SUITE_MS, 'the suite', late.signal)]);
    return code;
  } finally {
    late.abort();
    killSuite();
  }
}

function killSuite() {
  if (suite?.pid !== undefined && suite.exitCode === null) process.kill(-suite.pid, 'SIGKILL');
}

/** Each scenario's name and checks. The suite's folders are called `server-<scenario>-<time>`. */
async function readResults() {
  const scenarios = new Map();
  for (const folder of await readdir(results)) {
    const name = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(folder)?.[1];
    if (!name) continue;
    scenarios.set(name, JSON.parse(await readFile(join(results, folder, 'checks.json'), 'utf8')));
  }
  return scenarios;
}

/** Prints every scenario and the totals. @returns the exit code */
function report(scenarios, suiteCode) {
  const failures = [];
  for (const [name, checks] of [...scenarios].sort()) {
    const counted = checks.filter(({ status }) => status !== 'INFO');
    const bad = counted.filter(({ status }) => status !== 'SUCCESS');
    const passes = counted.length > 0 && bad.length === 0;
    if (!passes) failures.push(name);
    console.log(
      `${passes ? 'ok    ' : 'FAILED'} ${name}: ${counted.length - bad.length} of ${counted.length} checks`,
    );
    for (const { id, status, errorMessage } of bad)
      console.log(`         ${status} ${id}: ${errorMessage ?? ''}`);
  }
  const missing = NOT_SCORED.filter((name) => !scenarios.has(name));
  for (const name of missing) console.log(`FAILED ${name}: the suite did not run it`);
  const incomplete = scenarios.size < LEAST_SCENARIOS;
  if (incomplete)
    console.log(`The suite ran ${scenarios.size} scenarios; at least ${LEAST_SCENARIOS} were expected.`);
  if (suiteCode !== 0) console.log(`The suite ended with exit code ${suiteCode}.`);
  const passed = scenarios.size - failures.length;
  const failed = failures.length + missing.length;
  console.log(`conformance: ${passed} passed, ${failed} failed`);
  return failed > 0 || incomplete || suiteCode !== 0 ? 1 : 0;
}

async function stopGateway() {
  if (gateway.exitCode !== null || gateway.signalCode !== null) return;
  gateway.kill('SIGTERM');
  const timer = setTimeout(() => gateway.kill('SIGKILL'), STOP_MS);
  await gatewayExit;
  clearTimeout(timer);
}

async function fail(ms, what, signal) {
  await delay(ms, undefined, { signal }).catch((error) => {
    if (!signal.aborted) throw error;
  });
  if (!signal.aborted) throw new Error(`Waited ${ms} ms for ${what}.`);
}
