// Runs the official conformance suite against the built gateway: for each revision every scenario that it requires,
// and those that the suite runs for it without a score, except for extensions that the gateway does not have. A
// scenario passes when each of its checks succeeded: a warning or a skipped check is a failure here, and there is no
// list of expected failures.
// Usage: node scripts/conformance.mjs [--dist <folder>] [--requirements <revision>,...]
// Last line: `conformance: N passed, N failed`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

/** What the suite runs for a revision without a score, and how many scenarios there are at least with those. */
const REVISIONS = {
  '2025-11-25': {
    notScored: ['server-session-lifecycle', 'json-schema-2020-12', 'server-sse-polling'],
    leastScenarios: 33,
  },
  '2026-07-28': {
    notScored: ['http-header-validation', 'http-custom-header-server-validation', 'json-schema-2020-12'],
    leastScenarios: 40,
  },
};
/** Scenarios of `io.modelcontextprotocol/tasks`, an extension that the gateway does not advertise. */
const OF_EXTENSIONS = /^tasks-/;
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

const { values } = parseArgs({
  options: {
    dist: { type: 'string', default: 'dist' },
    requirements: { type: 'string', default: Object.keys(REVISIONS).join(',') },
  },
});
const revisions = values.requirements.split(',');
const unknown = revisions.find((revision) => !Object.hasOwn(REVISIONS, revision));
if (unknown !== undefined) {
  throw new Error(`There are no requirements of ${unknown}, only of ${Object.keys(REVISIONS).join(', ')}.`);
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const bin = join(root, values.dist, 'src', 'bin.cjs');
const fixture = join(root, 'test', 'fixtures', 'conformance', 'server.mjs');
// Some scenarios wait half a second for an answer, which a busy machine may need to start a thread.
const flags = ['--port', '0', '--admin-port', '0', '--log-level', 'warn', '--spare-threads', '8'];
const gateway = spawn(process.execPath, [bin, 'serve', fixture, ...flags], {
  stdio: ['ignore', 'pipe', 'pipe'],
});
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
  const totals = { passed: 0, failed: 0 };
  for (const revision of revisions) await runRevision(revision, url, totals);
  process.exitCode = totals.failed > 0 ? 1 : 0;
  console.log(`conformance: ${totals.passed} passed, ${totals.failed} failed`);
} finally {
  await stopGateway();
}

/** Adds what came out to the totals. */
async function runRevision(revision, url, totals) {
  console.log(`Running the conformance suite for ${revision} against ${url}`);
  const results = await mkdtemp(join(tmpdir(), 'bulkhead-conformance-'));
  try {
    const code = await runSuite(url, revision, results);
    report(revision, await readResults(results), code, totals);
  } finally {
    await rm(results, { recursive: true, force: true });
  }
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
async function runSuite(url, revision, results) {
  const args = [...SUITE, 'server', '--url', url, '--requirements', revision, '--output-dir', results];
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
async function readResults(results) {
  const scenarios = new Map();
  for (const folder of await readdir(results)) {
    const name = /^server-(.+)-\d{4}-\d\d-\d\dT[\d-]+Z$/.exec(folder)?.[1];
    if (!name || OF_EXTENSIONS.test(name)) continue;
    scenarios.set(name, JSON.parse(await readFile(join(results, folder, 'checks.json'), 'utf8')));
  }
  return scenarios;
}

/** Prints every scenario, and adds to the totals. */
function report(revision, scenarios, suiteCode, totals) {
  const { notScored, leastScenarios } = REVISIONS[revision];
  for (const [name, checks] of [...scenarios].sort()) {
    const counted = checks.filter(({ status }) => status !== 'INFO');
    const bad = counted.filter(({ status }) => status !== 'SUCCESS');
    const passes = counted.length > 0 && bad.length === 0;
    totals[passes ? 'passed' : 'failed'] += 1;
    console.log(
      `${passes ? 'ok    ' : 'FAILED'} ${name}: ${counted.length - bad.length} of ${counted.length} checks`,
    );
    for (const { id, status, errorMessage } of bad)
      console.log(`         ${status} ${id}: ${errorMessage ?? ''}`);
  }
  const missing = notScored.filter((name) => !scenarios.has(name));
  for (const name of missing) console.log(`FAILED ${name}: the suite did not run it`);
  totals.failed += missing.length;
  if (scenarios.size < leastScenarios) {
    console.log(
      `FAILED: the suite ran ${scenarios.size} scenarios; at least ${leastScenarios} were expected.`,
    );
    totals.failed += 1;
  }
  if (suiteCode !== 0) {
    console.log(`FAILED: the suite ended with exit code ${suiteCode}.`);
    totals.failed += 1;
  }
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
