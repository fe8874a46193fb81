import { ECHO, type Scenario } from '../scenario.js';

/** What a client may see while its server is away: no connection, no session, or a server that accepts no more. */
const RIGHT_KINDS = /^(connection|forgotten|no answer|not sent|http 503|json-rpc -32000)$/;

export const restart: Scenario = {
  name: 'restart',
  shows:
    'When the gateway is stopped and started anew, its clients come back by themselves, each to its own answers.',
  gatewayFlags: [],
  phases: ({ quick }) => [
    {
      watched: false,
      meanwhile: { afterMs: quick ? 3_000 : 8_000, act: (gateway) => gateway.restart() },
      runs: [
        {
          name: 'through-the-restart',
          durationMs: quick ? 8_000 : 20_000,
          flags: ['--sessions', '16', '--listen', '--rate', '40', '--ramp', '500ms', '--timeout', '10s'],
          mix: [ECHO],
          expect: ['gap<6s', 'forgotten<=64', 'lost<=16', 'answered>0'],
        },
      ],
    },
  ],
  async checks({ report }) {
    const { errors, seconds, sessions } = report('through-the-restart');
    const wrong = Object.entries(errors).filter(([kind]) => !RIGHT_KINDS.test(kind));
    const last = seconds.filter(({ answered }) => answered > 0).at(-1);
    return [
      {
        text: 'only errors that tell that the server is away',
        measured: JSON.stringify(errors),
        met: wrong.length === 0,
      },
      {
        text: 'sessions are opened anew, and calls answered without errors at the end',
        measured: `${sessions.reopened} opened anew, ${last?.errors ?? 0} errors in the last second`,
        met: sessions.reopened > 0 && last?.errors === 0,
      },
    ];
  },
};
