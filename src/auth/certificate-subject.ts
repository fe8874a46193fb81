/** Whom a client's certificate names. */
import type { PeerCertificate } from 'node:tls';

/** As for other principals. */
const MAX_SUBJECT_CHARS = 500;
const URI_TYPE = 'URI:';
/** Begins as a URI with an authority does (RFC 3986, section 3). */
const URI_START = /^[a-z][a-z0-9+.-]*:\/\//i;

/**
 * The first URI of the certificate's subjectAltName, such as `spiffe://example.org/ci`; or else its common name.
 * @returns `undefined` if it has neither, or several common names. A common name that looks like a URI is none: an
 *   authority may check URIs and leave names to whoever asks for a certificate
 */
export function subjectOf({
  subject,
  subjectaltname,
}: Pick<PeerCertificate, 'subject' | 'subjectaltname'>): string | undefined {
  const uri = firstUri(subjectaltname);
  if (uri !== undefined) return bounded(uri);
  // Several common names come as an array, whatever the type says.
  const name: unknown = subject?.CN;
  return typeof name === 'string' && !URI_START.test(name) ? bounded(name) : undefined;
}

function bounded(name: string): string | undefined {
  return name !== '' && name.length <= MAX_SUBJECT_CHARS ? name : undefined;
}

/**
 * Names are separated by `, `. One that contains what could be mistaken for a separator is quoted as in JSON, so that
 * it cannot pass for several (CVE-2021-44532).
 */
function firstUri(names = ''): string | undefined {
  for (let rest = names; rest !== ''; ) {
    const quoted = /^([^:",]*:)("(?:[^"\\]|\\.)*")(?:, |$)/.exec(rest);
    const plain = quoted === null ? /^([^:",]*:)([^",]*)(?:, |$)/.exec(rest) : null;
    const [whole, type, written] = quoted ?? plain ?? [];
    // Not as Node writes it.
    if (whole === undefined || written === undefined) return undefined;
    if (type === URI_TYPE) return quoted === null ? written : parsed(written);
    rest = rest.slice(whole.length);
  }
  return undefined;
}

function parsed(quoted: string): string | undefined {
  try {
    return String(JSON.parse(quoted));
  } catch {
    // An escape that JSON does not have: the name is not used.
    return undefined;
  }
}
