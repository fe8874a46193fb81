import { expect } from 'chai';
import { subjectOf } from '../../../src/auth/certificate-subject.js';

interface Case {
  readonly what: string;
  readonly names?: string;
  readonly CN?: string | string[];
  readonly subject: string | undefined;
}

describe("The subject of a client's certificate", () => {
  const cases: Case[] = [
    { what: 'the common name', CN: 'ci', subject: 'ci' },
    {
      what: 'a URI before the common name',
      names: 'URI:spiffe://a.example/ci',
      CN: 'x',
      subject: 'spiffe://a.example/ci',
    },
    { what: 'the first of several URIs', names: 'URI:urn:a:1, URI:urn:a:2', subject: 'urn:a:1' },
    {
      what: 'a URI behind other names',
      names: 'DNS:a.example, IP Address:10.0.0.1, URI:urn:a:1',
      subject: 'urn:a:1',
    },
    {
      what: 'the common name where there is no URI',
      names: 'DNS:a.example, email:a@b.example',
      CN: 'ci',
      subject: 'ci',
    },
    { what: 'a URI that is quoted', names: 'URI:"urn:a, URI:urn:b"', subject: 'urn:a, URI:urn:b' },
    { what: 'no URI inside of another name', names: 'DNS:"a, URI:spiffe://evil"', CN: 'ci', subject: 'ci' },
    { what: 'no URI behind what cannot be read', names: 'DNS:"a, URI:urn:b', CN: 'ci', subject: 'ci' },
    { what: 'nobody where there are several common names', CN: ['a', 'b'], subject: undefined },
    {
      what: 'nobody where a common name pretends to be a URI',
      CN: 'spiffe://a.example/admin',
      subject: undefined,
    },
    { what: 'nobody without any name', names: 'DNS:a.example', subject: undefined },
    { what: 'nobody with an empty name', CN: '', subject: undefined },
    {
      what: 'nobody with a name without end',
      names: `URI:urn:${'a'.repeat(500)}`,
      CN: 'ci',
      subject: undefined,
    },
  ];
  for (const { what, names, CN, subject } of cases) {
    it(`is ${what}`, () => {
      const given = {
        subject: { ...(CN !== undefined && { CN }) },
        ...(names !== undefined && { subjectaltname: names }),
      };
      expect(subjectOf(given as Parameters<typeof subjectOf>[0])).to.equal(subject);
    });
  }
});
