import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ClientName, Scope } from '../../src/client-configs/client.js';
import { CLIENTS } from '../../src/client-configs/clients.js';
import { readConfigFile } from '../../src/client-configs/config-file.js';
import { GatewayFile } from '../../src/client-configs/gateway-file.js';
import { type ImportPlan, planImport } from '../../src/client-configs/import-plan.js';
import { performImport } from '../../src/client-configs/perform-import.js';
import type { Surroundings } from '../../src/client-configs/surroundings.js';
import { afterThisTest } from './cleanup.js';

export interface PlanOptions {
  readonly clients?: readonly ClientName[];
  readonly scopes?: readonly Scope[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** A home folder with a project in it, which is a git repository; both are removed after the test. */
export class ClientFiles {
  readonly home: string;
  readonly project: string;

  constructor() {
    this.home = realpathSync(mkdtempSync(join(tmpdir(), 'bulkhead-clients-')));
    this.project = join(this.home, 'project');
    mkdirSync(join(this.project, '.git'), { recursive: true });
    afterThisTest(() => rmSync(this.home, { recursive: true, force: true }));
  }

  path(file: string): string {
    return join(this.home, file);
  }

  /** @param content text, or a value that is written as JSON */
  write(file: string, content: unknown): string {
    const path = this.path(file);
    mkdirSync(dirname(path), { recursive: true });
    const isText = typeof content === 'string' || Buffer.isBuffer(content);
    writeFileSync(path, isText ? content : `${JSON.stringify(content, null, 2)}\n`);
    return path;
  }

  read(file: string): string {
    return readFileSync(this.path(file), 'utf8');
  }

  json(file: string): Record<string, unknown> {
    return JSON.parse(this.read(file));
  }

  has(file: string): boolean {
    return existsSync(this.path(file));
  }

  surroundings(environment: Readonly<Record<string, string>> = {}): Surroundings {
    return {
      home: this.home,
      cwd: this.project,
      environment,
      folders: {
        configuration: this.path('.config'),
        caches: this.path('.cache'),
        claudeManaged: [this.path('managed')],
      },
      userId: process.geteuid?.(),
    };
  }

  gateway(): GatewayFile {
    const path = this.path('project/bulkhead.json');
    return new GatewayFile(path, readConfigFile(path, process.geteuid?.()));
  }

  plan({ clients, scopes = [], environment }: PlanOptions = {}): ImportPlan {
    return planImport({
      clients: CLIENTS.filter(({ name }) => clients === undefined || clients.includes(name)),
      scopes,
      gateway: this.gateway(),
      bridge: ['/usr/bin/node', '/opt/bulkhead.cjs'],
      surroundings: this.surroundings(environment),
    });
  }

  /** Plans and does it. */
  import(options?: PlanOptions): ImportPlan {
    const plan = this.plan(options);
    performImport(plan, this.gateway());
    return plan;
  }
}

/** `name: reason`, for every entry that stays. */
export function refusals({ refused }: ImportPlan): string[] {
  return refused.map(({ name, reason }) => `${name}: ${reason}`);
}
