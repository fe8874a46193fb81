import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A function that writes where it must not. Node's own headers are not needed for so little of Node-API. */
const CRASHING = `
typedef void *value;
extern int napi_create_function(void *, const char *, unsigned long, value (*)(void *, void *), void *, value *);
static value crash(void *env, void *info) { *(volatile int *)8 = 1; return 0; }
value napi_register_module_v1(void *env, value exports) {
  value function = 0;
  napi_create_function(env, "crash", 5, crash, 0, &function);
  return function;
}`;

/** One that registers itself when it is loaded, as before Node-API: no other thread can load it a second time. */
const REGISTERS_ITSELF = `
static void fill(void *exports, void *module, void *data) {}
static struct {
  int version; unsigned int flags; void *handle; const char *file; void (*fill)(void *, void *, void *);
  void *fill_context; const char *name; void *data; void *link;
} registered = { NODE_MODULE_VERSION, 0, 0, "add-on.c", fill, 0, "add_on", 0, 0 };
extern void node_module_register(void *);
__attribute__((constructor)) static void load(void) { node_module_register(&registered); }`;

const SOURCES = { crashing: CRASHING, 'registers itself': REGISTERS_ITSELF };

export function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** @returns the path of the add-on, and a function that removes it */
export function buildAddOn(kind: keyof typeof SOURCES): {
  readonly path: string;
  readonly remove: () => void;
} {
  const folder = mkdtempSync(join(tmpdir(), 'add-on-'));
  const source = join(folder, 'add-on.c');
  const path = join(folder, 'add-on.node');
  writeFileSync(source, SOURCES[kind]);
  const flags = process.platform === 'darwin' ? ['-undefined', 'dynamic_lookup'] : [];
  const version = `-DNODE_MODULE_VERSION=${process.versions.modules}`;
  execFileSync('cc', ['-shared', '-fPIC', '-w', version, ...flags, '-o', path, source]);
  return { path, remove: () => rmSync(folder, { recursive: true, force: true }) };
}
