/** Whether a program says the same in a session of the gateway as when it is run directly. */
import { converse, type Transcript } from './conversation.js';
import { httpWire } from './http-wire.js';
import { commandOf, entryOf, FOLDER, freshFolder, type Isolation, type Program } from './programs.js';
import { withGateway } from './started-gateway.js';
import { stdioWire } from './stdio-wire.js';
import { type Difference, differences } from './transcript.js';

/** How a session gets its compartment. */
export type Way = 'cold' | 'spare' | 'learned';

export const WAYS: readonly Way[] = ['cold', 'spare', 'learned'];

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
 * The same conversation in sessions of the gateway, one for each way; in the learned one a session has been before it.
 * @returns the differences from the direct transcript, by way
 * @throws when it cannot be served with this isolation
 */
export function gatewayDifferences(
  program: Program,
  isolation: Isolation,
  direct: Transcript,
  ways: readonly Way[] = WAYS,
): Promise<ReadonlyMap<Way, readonly Difference[]>> {
  return withGateway(
    FOLDER,
    (mark) => entriesOf(program, isolation, mark),
    async (gateway) => {
      const byWay = new Map<Way, readonly Difference[]>();
      for (const way of ways) {
        const open = httpWire(gateway.endpoint(way));
        let found: readonly Difference[] = [];
        // What a first session teaches, a second one is told.
        for (let session = 0; session < (way === 'learned' ? 2 : 1); session += 1) {
          const { conversation, volatiles } = program.script(freshFolder());
          const transcript = await converse(open, conversation, { others: direct.others.length });
          found = [...found, ...differences(direct, transcript, volatiles)];
        }
        byWay.set(way, found);
      }
      return byWay;
    },
  );
}

/** Differences between two direct conversations: what is random by nature and was not named as such. */
export async function unsteadiness(program: Program, direct: Transcript): Promise<readonly Difference[]> {
  const again = await directTranscript(program);
  return differences(direct, again, program.script(freshFolder()).volatiles);
}
