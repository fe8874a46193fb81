import { Bridge } from '../../src/bridge/bridge.js';
import { afterThisTest } from './cleanup.js';
import { withDeadline } from './deadline.js';
import { type LineClient, pipes } from './line-client.js';

export interface RunningBridge {
  readonly client: LineClient;
  readonly warnings: string[];
  readonly bridge: Bridge;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

export interface BridgeSettings {
  readonly headers?: Readonly<Record<string, string>>;
  readonly triesMs?: number;
  readonly finishMs?: number;
}

/** A bridge in this process, and its client; it is stopped after the test. */
export function startBridge(url: URL, settings: BridgeSettings = {}): RunningBridge {
  const { input, output, client } = pipes();
  const warnings: string[] = [];
  const bridge = new Bridge({
    url,
    headers: {},
    ...settings,
    input,
    output,
    warn: (message) => void warnings.push(message),
  });
  const ended = bridge.run();
  afterThisTest(async () => {
    bridge.stop();
    await withDeadline(ended, 'the end of the bridge');
  });
  return { client, warnings, bridge, ended };
}
