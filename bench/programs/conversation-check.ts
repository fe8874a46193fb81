/** Whether a program says the same in a session of the gateway as when it is run directly. */
import { fileURLToPath } from 'node:url';
import { converse, type Transcript } from './conversation.js';
import { httpWire } from './http-wire.js';
import { commandOf, entryOf, FOLDER, freshFolder, type Isolation, type Program } from './programs.js';
import { withGateway } from './started-gateway.js';
import { stdioWire } from './stdio-wire.js';
import { type Difference, differences } from './transcript.js';
import type { OpenWire } from './wire.js';

/** How a session gets its compartment. */
export type Way = 'cold' | 'spare' | 'learned';

export const WAYS: readonly Way[] = ['cold', 'spare', 'learned'];

/** Whose answers are compared: those of each way, and of a stdio client whose `bulkhead bridge` has a session. */
export type Compared = Way | 'bridge';

const BULKHEAD = fileURLToPath(new URL('../../src/bin.cjs', import.meta.url));

function bridgeWire(url: URL): OpenWire {
  const { PATH = '' } = process.env;
  return stdioWire({
    file: process.execPath,
    args: [BULKHEAD, 'bridge', url.href],
    cwd: FOLDER,
    env: { PATH },
  });
}

/** Options of an entry for each way. */
export const WAY_OPTIONS: Readonly<Record<Way, object>> = {
  cold: { lists: 'dynamic', spares: 0 },
  spare: { lists: 'dynamic', spares: 1 },
  learned: { lists: 'learned', spares: 0 },
};

/** The catalogue's entries of one program: one for each way, named by it. */
export function entriesOf(program: Program, isolation: Isolation, mark: string): Record<Way, object> {
  const entries = WAYS.map((way) => [way, entryOf(program, isolation, mark, WAY_OPTIONS[way])]);
  return Object.fromEntries(entries) as Record<Way, object>;
}

/** The program on its own stdin and stdout. */
export async function directTranscript(program: Program): Promise<Transcript> {
  const { conversation } = program.script(freshFolder());
  return converse(stdioWire(commandOf(program, 'direct')), conversation);
}

/**
 * The same conversation in sessions of the gateway: one for each way, two for the learned lists, and one through the bridge.
 * @returns the differences from the direct transcript
 * @throws when it cannot be served with this isolation
 */
export function gatewayDifferences(
  program: Program,
  isolation: Isolation,
  direct: Transcript,
): Promise<ReadonlyMap<Compared, readonly Difference[]>> {
  return withGateway(
    FOLDER,
    (mark) => entriesOf(program, isolation, mark),
    async (gateway) => {
      const differ = async (open: OpenWire): Promise<readonly Difference[]> => {
        const { conversation, volatiles } = program.script(freshFolder());
        const transcript = await converse(open, conversation, { others: direct.others.length });
        return differences(direct, transcript, volatiles);
      };
      const inSession = (way: Way) => differ(httpWire(gateway.endpoint(way)));
      const found = new Map<Compared, readonly Difference[]>();
      found.set('cold', await inSession('cold'));
      found.set('spare', await inSession('spare'));
      // The second session gets the lists that were learned from the first.
      found.set('learned', [...(await inSession('learned')), ...(await inSession('learned'))]);
      found.set('bridge', await differ(bridgeWire(gateway.endpoint('cold'))));
      return found;
    },
  );
}

/** Differences between two direct conversations: what is random by nature and was not named as such. */
export async function unsteadiness(program: Program, direct: Transcript): Promise<readonly Difference[]> {
  const again = await directTranscript(program);
  return differences(direct, again, program.script(freshFolder()).volatiles);
}
