import { expect } from 'chai';
import { type ClientFigures, clientReport } from '../../load/client-limit.js';

describe('whether the client was the limit of a load', () => {
  const open: ClientFigures = {
    loop: 'open',
    workers: 1,
    coreShare: 0.3,
    utilisation: 0.35,
    lateP99Ms: 1.1,
    latencyP99Ms: 6,
  };
  const limit = (figures: Partial<ClientFigures>): string | null =>
    clientReport({ ...open, ...figures }).limitedBy;

  it('is not known if no call was answered', () => {
    expect(clientReport({ ...open, coreShare: 1, latencyP99Ms: null })).to.include({
      checked: false,
      limitedBy: null,
    });
    expect(clientReport(open)).to.include({ checked: true, limitedBy: null });
  });

  describe('in an open loop', () => {
    it('is no where it sends in time, however busy it is', () => {
      expect(limit({ coreShare: 1, utilisation: 1 })).to.equal(null);
    });

    it('is no where it is late by little beside the latency: the server was slower', () => {
      expect(limit({ lateP99Ms: 40, latencyP99Ms: 900 })).to.equal(null);
    });

    it('is no where it is late by what every timer is, even of a very fast server', () => {
      expect(limit({ lateP99Ms: 1.3, latencyP99Ms: 1.6 })).to.equal(null);
    });

    it('is yes where its delay is a large part of the latency, with what it used and what to do', () => {
      expect(limit({ lateP99Ms: 30, latencyP99Ms: 60, coreShare: 0.97 })).to.equal(
        'its thread used 97 % of a core, and sending late was 50 % of the latency (p99): give it more threads than 1 (--workers)',
      );
      expect(limit({ lateP99Ms: 30, latencyP99Ms: 60, coreShare: 0.4, workers: 2 })).to.equal(
        'each of its 2 threads got only 40 % of a core, and sending late was 50 % of the latency (p99): give it more of the machine, or another one',
      );
    });
  });

  describe('in a closed loop', () => {
    const closed = { loop: 'closed', lateP99Ms: null } as const;

    it('is no where it had time left', () => {
      expect(limit({ ...closed, coreShare: 0.86, utilisation: 0.9 })).to.equal(null);
    });

    it('is yes where it used its core, or always had work and got no more of one', () => {
      expect(limit({ ...closed, coreShare: 0.95, utilisation: 0.96 })).to.match(
        /^its thread used 95 % of a core/,
      );
      expect(limit({ ...closed, coreShare: 0.5, utilisation: 0.99 })).to.match(
        /^its thread got only 50 % of a core and always had work/,
      );
    });
  });
});
