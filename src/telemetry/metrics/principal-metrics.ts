/** Requests of single principals: only of those that the configuration names, so that there are few series. */
import type { Identity } from '../../shared/session-context.js';
import type { GatewayListeners } from '../events.js';
import type { Catalogue } from './catalogue.js';

/** @param named subjects, or issuers and subjects with a space between them; each is a label value as it is written */
export function principalListeners(
  { principalRequests, principalRefusals }: Catalogue,
  named: readonly string[],
): GatewayListeners {
  const known = new Set(named);
  for (const principal of known) principalRequests.inc({ principal }, 0);
  const labelOf = ({ issuer, subject }: Identity): string | undefined =>
    [`${issuer} ${subject}`, subject].find((name) => known.has(name));
  return {
    'request-judged': ({ identity, reason }) => {
      const principal = labelOf(identity);
      if (principal === undefined) return;
      principalRequests.inc({ principal });
      if (reason !== undefined) principalRefusals.inc({ principal, reason });
    },
  };
}
