/** Everything that the table says about one program. */
import { setTimeout as delay } from 'node:timers/promises';
import type { BenchSettings } from '../figure.js';
import { median } from '../statistics.js';
import {
  type Compared,
  directTranscript,
  entriesOf,
  gatewayDifferences,
  unsteadiness,
  WAY_OPTIONS,
  WAYS,
  type Way,
} from './conversation-check.js';
import {
  commandOf,
  entryOf,
  FOLDER,
  freshFolder,
  type Isolation,
  type Program,
  versionOf,
} from './programs.js';
import { directInitializeMs, directMib, initializeMs, sessionMib, teach } from './session-costs.js';
import { withGateway } from './started-gateway.js';
import type { Difference } from './transcript.js';

/** Until a spare is ready for the next session, and until the first session's lists are learned. */
const SPARE_MS = 1_500;
/** Of which the memory of a session is the median. */
const GATEWAYS = 3;

export interface Served {
  readonly isolation: Isolation;
  /** Medians in milliseconds. */
  readonly initializeMs: Readonly<Record<Way, number>>;
  readonly mib: number;
  readonly differences: ReadonlyMap<Compared, readonly Difference[]>;
}

/** Why it cannot be served so. */
export interface Refused {
  readonly isolation: Isolation;
  readonly reason: string;
}

export interface MeasuredProgram {
  readonly program: Program;
  readonly version: string;
  readonly direct: { readonly initializeMs: number; readonly mib: number };
  /** What differs between two direct conversations although it was not named as random. */
  readonly unsteady: readonly Difference[];
  readonly isolations: readonly (Served | Refused)[];
}

export async function measureProgram(program: Program, settings: BenchSettings): Promise<MeasuredProgram> {
  const note = (what: string): void => settings.progress(`${program.name}: ${what}`);
  note('directly');
  const direct = await directTranscript(program);
  const unsteady = await unsteadiness(program, direct);
  const times: number[] = [];
  for (let round = 0; round < settings.rounds; round += 1) {
    freshFolder();
    times.push(await directInitializeMs(commandOf(program, 'direct')));
  }
  const mib = await directMib((mark) => commandOf(program, mark));
  const isolations: (Served | Refused)[] = [];
  for (const isolation of ['thread', 'process'] as const) {
    note(`in a ${isolation}`);
    try {
      isolations.push({
        isolation,
        differences: await gatewayDifferences(program, isolation, direct),
        initializeMs: await timesOf(program, isolation, settings),
        mib: await mibOf(program, isolation),
      });
    } catch (error) {
      isolations.push({ isolation, reason: reasonOf(error) });
    }
  }
  return {
    program,
    version: versionOf(program),
    direct: { initializeMs: median(times), mib },
    unsteady,
    isolations,
  };
}

/** The sentence of the gateway's answer, if there is one. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const sentence = /"message":"((?:[^"\\]|\\.)*)"/.exec(text)?.[1] ?? text;
  return sentence.replaceAll('\\"', '"').replace(/^The server "\w+" cannot be served: /, '');
}

/** Ways alternate, so that whatever else the machine does falls on all of them alike. */
function timesOf(
  program: Program,
  isolation: Isolation,
  { rounds }: BenchSettings,
): Promise<Record<Way, number>> {
  return withGateway(
    FOLDER,
    (mark) => entriesOf(program, isolation, mark),
    async (gateway) => {
      const times: Record<Way, number[]> = { cold: [], spare: [], learned: [] };
      await teach(gateway.endpoint('learned'));
      for (let round = 0; round < rounds; round += 1) {
        for (const way of WAYS) {
          await delay(SPARE_MS / WAYS.length);
          times[way].push(await initializeMs(gateway.endpoint(way)));
        }
      }
      return { cold: median(times.cold), spare: median(times.spare), learned: median(times.learned) };
    },
  );
}

/** Each time in a gateway of its own, which has had a session: what it makes of a program at its start is over then. */
async function mibOf(program: Program, isolation: Isolation): Promise<number> {
  const values: number[] = [];
  while (values.length < GATEWAYS) {
    values.push(
      await withGateway(
        FOLDER,
        (mark) => ({ cold: entryOf(program, isolation, mark, WAY_OPTIONS.cold) }),
        async ({ endpoint, mark, pid }) => {
          await teach(endpoint('cold'));
          return (await sessionMib(endpoint('cold'), mark, pid)).all;
        },
      ),
    );
  }
  return median(values);
}
