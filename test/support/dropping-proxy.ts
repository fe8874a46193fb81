/** A TCP proxy that drops all its connections when told to, and reports what passes through it. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { afterThisTest } from './cleanup.js';
import { DEADLINE_MS, withDeadline } from './deadline.js';

/** The beginning of a data line of an event stream; the rest of the line is the message. */
const DATA_FIELD = /^data(?=: )/gm;

export interface DroppingProxy {
  readonly url: URL;
  /** Waits until a matching text has been passed to either side. */
  passed(pattern: RegExp): Promise<void>;
  /** Ends every connection to the client, in the middle of whatever it carries. */
  drop(): void;
}

/**
 * @param hidden messages of the server that match this reach the client as comments
 * @returns a proxy for the current test
 */
export async function startDroppingProxy(target: URL, hidden?: RegExp): Promise<DroppingProxy> {
  const pairs = new Set<readonly [Socket, Socket]>();
  const waiting = new Set<{ readonly pattern: RegExp; readonly resolve: () => void }>();
  const tell = (piece: string): void => {
    for (const wait of waiting) {
      if (!wait.pattern.test(piece)) continue;
      waiting.delete(wait);
      wait.resolve();
    }
  };
  const server = createServer({ noDelay: true }, (client) => {
    const gateway = connect({ port: Number(target.port), host: target.hostname, noDelay: true });
    const pair = [client, gateway] as const;
    pairs.add(pair);
    for (const socket of pair) {
      socket.on('close', () => {
        pairs.delete(pair);
        for (const other of pair) other.destroy();
      });
      // Broken connections are intended here; `close` follows.
      socket.on('error', () => undefined);
    }
    client.on('data', (piece) => {
      gateway.write(piece);
      tell(String(piece));
    });
    gateway.on('data', (piece) => {
      // One byte for each character, and the same number as before, so that the lengths of HTTP chunks stay valid.
      const text = piece.toString('latin1');
      const hide = hidden?.test(text) === true;
      client.write(hide ? text.replace(DATA_FIELD, ':ata') : text, 'latin1', () => tell(text));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const drop = (): void => {
    for (const [client, gateway] of pairs) {
      client.destroy();
      gateway.destroy();
    }
    pairs.clear();
  };
  afterThisTest(async () => {
    const closed = once(server, 'close');
    server.close();
    drop();
    await closed;
  });
  const url = new URL(target);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url,
    drop,
    passed: async (pattern) => {
      const found = new Promise<void>((resolve) => {
        waiting.add({ pattern, resolve });
      });
      await withDeadline(found, `${pattern} to pass`, 3 * DEADLINE_MS);
    },
  };
}
